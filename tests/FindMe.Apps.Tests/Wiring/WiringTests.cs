namespace FindMe.Apps.Tests.Wiring;

[Collection<SharingStartedApps>]
public sealed class WiringTests(StartedApps apps)
{
    [Fact]
    public async Task The_code_the_run_file_the_components_and_the_infrastructure_say_the_same()
    {
        var disagreements = Disagreements.Of(WiringFiles.Load(Checkouts.Root), await apps.SubscriptionsAsync());

        Assert.Empty(disagreements);
    }

    // Each is planted in a copy of the files, and must be found and named.
    [Theory]
    [InlineData("app id", "dapr.yaml", "appID: findme-compare", "appID: findme-comparer")]
    [InlineData("port", "dapr.yaml", "appPort: 5102", "appPort: 5112")]
    [InlineData("port", "dapr.yaml", "appPort: 5101", "appPort: 5100")]
    [InlineData("port", "dapr.yaml", "http://localhost:5100;http://127.0.0.1:5101", "http://127.0.0.1:5101")]
    [InlineData("health", "dapr.yaml", "enableAppHealthCheck: true", "enableAppHealthCheck: false")]
    [InlineData("health", "dapr.yaml", "appHealthProbeInterval: 3", "appHealthProbeInterval: 20")]
    [InlineData("component", "components/pubsub.yaml", "name: pubsub", "name: broker")]
    [InlineData("concurrency", "components/pubsub.yaml", "value: \"4\"", "value: \"8\"")]
    [InlineData("claim", "components/pubsub.yaml", "value: 30s", "value: 900s")]
    [InlineData("claim", "components/pubsub.yaml", "value: \"5000\"", "value: 30s")]
    [InlineData("claim", "infra/wiring.yaml", "claimSeconds: 30", "claimSeconds: 15")]
    [InlineData("lockDuration", "infra/modules/servicebus.bicep", "'PT${wiring.delivery.claimSeconds}S'", "'PT5M'")]
    [InlineData("app id", "components/statestore.yaml", "  - findme-compare", "")]
    [InlineData("key prefix", "components/statestore.yaml", "value: none", "value: appid")]
    [InlineData("retry", "components/resiliency.yaml", "maxRetries: 4", "maxRetries: 5")]
    [InlineData("retry", "components/resiliency.yaml", "duration: 4s", "duration: 50s")]
    [InlineData("timeout", "components/resiliency.yaml", "handler: 20s", "handler: 120s")]
    [InlineData("component", "components/rabbitmq-postgresql/pubsub.yaml", "name: pubsub", "name: broker")]
    [InlineData("app id", "components/rabbitmq-postgresql/statestore.yaml", "  - findme-compare", "")]
    [InlineData("concurrency", "components/rabbitmq-postgresql/pubsub.yaml", "value: \"4\"", "value: \"8\"")]
    [InlineData("durable", "components/rabbitmq-postgresql/pubsub.yaml", "value: \"2\"", "value: \"0\"")]
    [InlineData("deletedWhenUnused", "components/rabbitmq-postgresql/pubsub.yaml", "value: \"false\"", "value: \"true\"")]
    [InlineData("version", "components/rabbitmq-postgresql/statestore.yaml", "version: v2", "version: v1")]
    [InlineData("key prefix", "components/rabbitmq-postgresql/statestore.yaml", "value: none", "value: appid")]
    [InlineData("retry", "components/rabbitmq-postgresql/resiliency.yaml", "maxRetries: 4", "maxRetries: 5")]
    [InlineData("timeout", "components/rabbitmq-postgresql/resiliency.yaml", "handler: 20s", "handler: 120s")]
    [InlineData("resiliency", "components/rabbitmq-postgresql/resiliency.yaml", "maxInterval: 5s", "maxInterval: 50s")]
    [InlineData("subscription", "infra/wiring.yaml", "topic: tweet_image\n", "topic: tweet_images\n")]
    [InlineData("subscription", "infra/wiring.yaml", "app: findme-compare\n", "app: findme-collect\n")]
    [InlineData("subscription", "infra/wiring.yaml", "deadLetterTopic: search_request_dead", "deadLetterTopic: \"\"")]
    [InlineData("retry", "infra/wiring.yaml", "retries: 4", "retries: 7")]
    [InlineData("maxDeliveryCount", "infra/wiring.yaml", "maxDeliveries: 10", "maxDeliveries: 3")]
    [InlineData("maxActiveMessages", "infra/wiring.yaml", "eventsPerReplica: 4", "eventsPerReplica: 1")]
    [InlineData("port", "infra/wiring.yaml", "daprPort: 8081", "daprPort: 8080")]
    [InlineData("maxActiveMessages", "infra/modules/environment.bicep", "string(wiring.delivery.eventsPerReplica)", "'1000'")]
    [InlineData("disableEntityManagement", "infra/modules/environment.bicep", "'disableEntityManagement', value: 'true'", "'disableEntityManagement', value: 'false'")]
    [InlineData("maxRetries", "infra/modules/environment.bicep", "wiring.delivery.retries", "3")]
    [InlineData("scopes", "infra/modules/environment.bicep", "scopes: wiring.apps", "scopes: []")]
    [InlineData("maxDeliveryCount", "infra/modules/servicebus.bicep", "wiring.delivery.maxDeliveries", "1")]
    [InlineData("forwardDeadLetteredMessagesTo", "infra/modules/servicebus.bicep", "subscription.deadLetterTopic == subscription.topic\n        ? null\n        : subscription.deadLetterTopic", "null")]
    [InlineData("literal", "infra/modules/app.bicep", "topicName: subscription.topic", "topicName: 'tweet_image'")]
    [InlineData("subscriptionName", "infra/modules/app.bicep", "subscriptionName: appId", "subscriptionName: service")]
    [InlineData("messageCount", "infra/modules/app.bicep", "messageCount: string(wiring.delivery.eventsPerReplica)", "messageCount: '5'")]
    [InlineData("ingress", "infra/modules/app.bicep", "targetPort: wiring.webPort", "targetPort: wiring.daprPort")]
    [InlineData("Dapr", "infra/modules/app.bicep", "appPort: wiring.daprPort", "appPort: wiring.webPort")]
    [InlineData("service", "azure.yaml", "project: apps/FindMe.Compare", "project: apps/FindMe.Collect")]
    public async Task A_mismatch_planted_in_one_file_is_found(string what, string file, string original, string planted)
    {
        using var folder = new TemporaryFolder();
        foreach (var path in WiringFiles.Paths)
        {
            var copy = Path.Combine(folder.Path, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(Checkouts.Root, path), copy);
        }

        var text = await File.ReadAllTextAsync(Path.Combine(folder.Path, file), TestContext.Current.CancellationToken);
        Assert.Contains(original, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, file), text.Replace(original, planted, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var disagreements = Disagreements.Of(WiringFiles.Load(folder.Path), await apps.SubscriptionsAsync());

        Assert.Contains(disagreements, disagreement => disagreement.Contains(what, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mismatch_planted_in_the_code_is_found()
    {
        var files = WiringFiles.Load(Checkouts.Root);
        var served = await apps.SubscriptionsAsync();
        ServedSubscription Renamed(ServedSubscription entry, string topic) => entry.Topic == topic ? entry with { Topic = topic + "2" } : entry;

        Assert.Contains(Disagreements.Of(files, [.. served.Select(entry => Renamed(entry, "tweet_image"))]), text => text.StartsWith("subscription", StringComparison.Ordinal));
        Assert.Contains(Disagreements.Of(files, [.. served.Skip(1)]), text => text.StartsWith("subscription", StringComparison.Ordinal));
        Assert.Contains(
            Disagreements.Of(files, [.. served.Select(entry => entry with { DeadLetterTopic = "nowhere" })]),
            text => text.StartsWith("dead letter", StringComparison.Ordinal));
    }
}
