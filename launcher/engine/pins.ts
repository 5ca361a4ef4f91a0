/** Version of the CLI and of the Node.js language host, and of `@pulumi/pulumi` in package.json. */
export const PULUMI_VERSION = "3.200.0";

/** Version of the `command` plugin that `@pulumi/command` in package.json needs. */
export const COMMAND_VERSION = "1.2.1";

/** Version of the plugin that runs Terraform providers. The generated SDK in sdks/libvirt needs it. */
export const TERRAFORM_PROVIDER_VERSION = "1.1.1";

/** Version of terraform-provider-libvirt that sdks/libvirt was generated from; 0.9 is an incompatible rewrite. */
export const LIBVIRT_PROVIDER_VERSION = "0.8.3";
