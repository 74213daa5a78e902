namespace LocalDapr.Tests;

/// <summary>Converts the components of a case, which are for Redis and SQLite, to the target's broker and store.</summary>
internal static class TargetComponents
{
    public static string For(BrokerProfile broker, StoreProfile store, string resource)
    {
        if (broker == BrokerProfile.RabbitMq && resource.Contains("pubsub.redis", StringComparison.Ordinal))
        {
            // prefetchCount limits the handlers; `concurrency` has another meaning there.
            resource = Replace(resource, ("pubsub.redis", "pubsub.rabbitmq"), ("redisHost", "connectionString"), ("localhost:6379", ConformanceTarget.RabbitMq), ("name: concurrency", "name: prefetchCount"));
        }

        return !resource.Contains("state.sqlite", StringComparison.Ordinal) ? resource
            : store == StoreProfile.Redis ? Replace(resource, ("state.sqlite", "state.redis"))
            : store == StoreProfile.PostgreSql ? Replace(
                resource, ("state.sqlite", "state.postgresql"), ("version: v1", "version: v2"), ("redisHost", "connectionString"), ("localhost:6379", $"\"{ConformanceTarget.PostgreSql}\""))
            : resource;
    }

    private static string Replace(string resource, params (string Old, string New)[] changes) =>
        changes.Aggregate(resource, (text, change) => text.Replace(change.Old, change.New, StringComparison.Ordinal));
}
