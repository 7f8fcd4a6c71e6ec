import type { Checklist } from "../data/contract";

/** Sums up how far all clusters are; what one of them does not know is known of none. */
export function summed(clusters: readonly Checklist[]): Checklist {
  const due = clusters.flatMap(({ first_due }) => first_due ?? []);
  const add = (key: "guests" | "in_no_job" | "proven" | "nodes" | "agents") =>
    clusters.reduce((sum, cluster) => sum + cluster[key], 0);
  return {
    id: "",
    rights_missing: clusters.some((cluster) => cluster.rights_missing),
    jobs: clusters.some(({ jobs }) => jobs === null) ? null : clusters.reduce((sum, { jobs }) => sum + (jobs ?? 0), 0),
    guests: add("guests"),
    in_no_job: add("in_no_job"),
    proven: add("proven"),
    first_due: due.length ? Math.min(...due) : null,
    nodes: add("nodes"),
    agents: add("agents"),
  };
}
