/**
 * A stand-in for `pulumi-resource-command`: commands and file copies, here and over ssh, as resources. The engine starts it with its own
 * address as last argument. README.md in launcher/engine says what it leaves out.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { servePlugin } from "../serve";
import { EngineLog } from "./context";
import { createProvider } from "./provider";

const log = new EngineLog();
const engine = process.argv.at(-1) ?? "";
if (/:\d+$/.test(engine)) log.connect(engine);

void servePlugin((server) => server.addService(ResourceProviderService, createProvider(log)));
