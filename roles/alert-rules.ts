import type { LabDescription } from "../config/description";

/** When there is an alarm. */
export interface AlertRule {
    name: string;
    severity: "critical" | "warning" | "info";
    /** PromQL. Each series that it gives is an alarm. */
    expression: string;
    /** Seconds for which the expression has to hold. */
    seconds: number;
    /** One line, shorter than 70 characters with what the labels bring. */
    summary: string;
    description: string;
}

const rulesOf = (_description: LabDescription): AlertRule[] => [
    {
        name: "Watchdog",
        severity: "info",
        expression: "vector(1)",
        seconds: 0,
        summary: "The monitoring works",
        description: "This alarm always fires. When it ends, the monitoring is silent.",
    },
    {
        name: "MachineDown",
        severity: "critical",
        expression: 'up{job="machine"} == 0',
        seconds: 15,
        summary: "{{ $labels.machine }} does not answer",
        description: "The monitors get no answer from {{ $labels.machine }}.",
    },
];

/** Prometheus's rules file. JSON is YAML. */
export const alertRules = (description: LabDescription): string =>
    `${JSON.stringify(
        {
            groups: [
                {
                    name: "lab",
                    rules: rulesOf(description).map((rule) => ({
                        alert: rule.name,
                        expr: rule.expression,
                        for: `${rule.seconds}s`,
                        labels: { severity: rule.severity },
                        annotations: {
                            summary: rule.summary,
                            description: rule.description,
                            runbook: runbookOf(rule),
                        },
                    })),
                },
            ],
        },
        undefined,
        2,
    )}\n`;

/** docs/runbooks/machine-down.md for MachineDown. */
export const runbookOf = ({ name }: Pick<AlertRule, "name">) =>
    `docs/runbooks/${name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}.md`;
