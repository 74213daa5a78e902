namespace LocalDapr.Tests;

/// <summary>The components of a case, which name Redis and SQLite, as the broker and the store of a target want them.</summary>
internal static class TargetComponents
{
    public static string For(BrokerProfile broker, StoreProfile store, string resource)
    {
        if (broker == BrokerProfile.RabbitMq && resource.Contains("pubsub.redis", StringComparison.Ordinal))
        {
            // Its prefetch is what bounds the handlers; `concurrency` has no meaning there.
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
