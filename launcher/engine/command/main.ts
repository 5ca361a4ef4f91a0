/**
 * A stand-in for `pulumi-resource-command`: resources that run commands and copy files, locally and over ssh. The
 * engine starts it with the engine's address as the last argument. launcher/engine/README.md says what it leaves out.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { servePlugin } from "../serve";
import { EngineLog } from "./context";
import { createProvider } from "./provider";

const log = new EngineLog();
const engine = process.argv.at(-1) ?? "";
if (/:\d+$/.test(engine)) log.connect(engine);

void servePlugin((server) => server.addService(ResourceProviderService, createProvider(log)));
