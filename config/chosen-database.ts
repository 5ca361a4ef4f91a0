import type { LabDescription } from "./description";
import { platforms } from "../catalog/platforms/index";
import { databaseServerNames, type DatabaseServer } from "../catalog/platforms/platform";

/** The database server of a stack file that names none: MySQL as in the article, where the platform has it. */
export const defaultDatabaseServer = (platform: LabDescription["platform"]) =>
    databaseServerNames.find((name) => platforms[platform].databases[name]) ?? "mariadb";

/** The database server of a lab on its platform. */
export function databaseOf({ platform, database }: Pick<LabDescription, "platform" | "database">): DatabaseServer {
    const server = platforms[platform].databases[database.server];
    if (!server) throw new Error(`${platform} has no ${database.server}: config/checks.ts lets none pass`);
    return server;
}
