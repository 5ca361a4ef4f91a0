import type { Progress } from "../lab/output";
export async function ensureHostPackages(_progress: Progress): Promise<void> {}
