import { createHash } from "node:crypto";

/**
 * A function that returns pseudo-random numbers from 0 to 1, the same ones for the same seed. With the first number,
 * the seed is told.
 */
export function seeded(seed: number, say: (text: string) => void): () => number {
    let drawn = 0;
    return () => {
        if (drawn === 0) say(`random numbers: --seed ${seed} repeats them`);
        return createHash("sha256").update(`${seed} ${drawn++}`).digest().readUInt32BE() / 2 ** 32;
    };
}
