/** The part of @pulumi/pulumi/runtime that pulumi.ts exports. */
export * from "@pulumi/pulumi/runtime/config";
export * from "@pulumi/pulumi/runtime/invoke";
export { setMocks } from "@pulumi/pulumi/runtime/mocks";
export * from "@pulumi/pulumi/runtime/resource";
export * from "@pulumi/pulumi/runtime/rpc";
export * from "@pulumi/pulumi/runtime/settings";
export * from "@pulumi/pulumi/runtime/stack";
