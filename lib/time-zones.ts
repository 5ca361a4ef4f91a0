/** Whether `name` stands in the tz database. Abbreviations such as CST have several meanings. */
export function isTimeZone(name: string): boolean {
    if (name !== "UTC" && !/^[A-Za-z]+(\/[A-Za-z0-9_+-]+)+$/.test(name)) return false;
    try {
        new Intl.DateTimeFormat("en", { timeZone: name });
        return true;
    } catch {
        return false;
    }
}
