/** Idempotent shell lines that make a system user without a login, and its group. */
export const systemUser = (name: string, { home, shell }: { home: string; shell: string }): string[] => [
    `getent group ${name} >/dev/null || groupadd --system ${name}`,
    `getent passwd ${name} >/dev/null ||`,
    `    useradd --system --gid ${name} --home-dir ${home} --no-create-home --shell ${shell} ${name}`,
];
