/**
 * Bundles get this module in place of the index of @pulumi/pulumi. It leaves out dynamic providers, function
 * serialization and the automation API: they load npm and TypeScript, two thirds of the SDK's modules. The other
 * modules are the SDK's own, shared with its runner.
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
