"""How the number of replicas follows the load: HPA's behavior, Agones' buffer, KEDA's fallback, schedules."""
