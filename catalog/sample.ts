/** The sample application, in the checkout. */
export const sampleSource = "site/mysite";
