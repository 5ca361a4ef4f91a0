/**
 * @pulumi/pulumi as our programs use it: its index without dynamic providers, function serialization and the automation API, which load npm
 * and TypeScript, two thirds of its modules. The modules are the SDK's own, and so shared with its runner. Bundles get it in the index's place.
 */
export * from "@pulumi/pulumi/config";
export * from "@pulumi/pulumi/errors";
export * from "@pulumi/pulumi/invoke";
export * from "@pulumi/pulumi/metadata";
export * from "@pulumi/pulumi/output";
export * from "@pulumi/pulumi/resource";
export * from "@pulumi/pulumi/stackReference";
export * as asset from "@pulumi/pulumi/asset";
export * as iterable from "@pulumi/pulumi/iterable";
export * as log from "@pulumi/pulumi/log";
export * as runtime from "./pulumi-runtime";
export * as utils from "@pulumi/pulumi/utils";
