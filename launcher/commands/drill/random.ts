import { createHash } from "node:crypto";

/** Numbers from 0 to 1 that look random and are the same for the same seed; the first one that is asked for tells the seed. */
export function seeded(seed: number, say: (text: string) => void): () => number {
    let drawn = 0;
    return () => {
        if (drawn === 0) say(`chance: --seed ${seed} has it again`);
        return createHash("sha256").update(`${seed} ${drawn++}`).digest().readUInt32BE() / 2 ** 32;
    };
}
