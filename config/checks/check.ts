import type { LabDescription } from "../description";
import type { Mistake } from "../mistakes";

/** Returns everything of one kind that is wrong with a description. Never throws. */
export type Check = (description: LabDescription) => Mistake[];

/** The mistake, as a list, where `condition` holds. Its texts are made only then. */
export const mistakeIf = (condition: boolean, mistake: () => Mistake): Mistake[] => (condition ? [mistake()] : []);

/** One mistake for every item whose value an earlier item has too. Items whose value is undefined are left out. */
export function repeated<T>(
    items: T[],
    value: (item: T) => string | undefined,
    mistake: (item: T, earlier: T) => Mistake,
): Mistake[] {
    const seen = new Map<string, T>();
    return items.flatMap((item) => {
        const key = value(item);
        if (key === undefined) return [];
        const earlier = seen.get(key);
        if (earlier === undefined) seen.set(key, item);
        return earlier === undefined ? [] : [mistake(item, earlier)];
    });
}
