using Microsoft.Extensions.Logging.Abstractions;

namespace LocalDapr.Tests.Resources;

/// <summary>dapr.yaml and components/ of this repository.</summary>
public sealed class OurResourcesTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Dapr_yaml_names_the_apps_in_the_order_events_flow_and_says_nothing_Dapr_would_pass_over()
    {
        var run = RunFile.Load(Path.Combine(Root, "dapr.yaml"));

        Assert.Empty(run.Warnings);
        Assert.Equal(["findme-api", "findme-collect", "findme-compare"], run.Apps.Select(app => app.AppId));
        Assert.Equal([5101, 5102, 5103], run.Apps.Select(app => app.AppPort ?? 0));
        Assert.Equal([3501, 3502, 3503], run.Apps.Select(app => app.DaprHttpPort ?? 0));
        Assert.All(run.Apps, app =>
        {
            Assert.True(Directory.Exists(app.DirectoryPath));
            var addresses = app.Environment["ASPNETCORE_URLS"].Split(';').Select(address => new Uri(address)).ToList();
            Assert.All(addresses, address => Assert.True(address.IsLoopback));
            Assert.Equal(app.AppPort, addresses[^1].Port);
            Assert.StartsWith(Path.Combine(Root, "artifacts", "bin"), Path.GetFullPath(app.Command[1], app.DirectoryPath), StringComparison.Ordinal);
        });
        Assert.Equal(Path.Combine(Root, "components"), run.ResourcesPath);
    }

    [Theory]
    [InlineData("components")]
    [InlineData("components/rabbitmq-postgresql")]
    public void The_components_are_seen_by_every_app_and_share_their_state(string folder)
    {
        var apps = RunFile.Load(Path.Combine(Root, "dapr.yaml")).Apps.Select(app => app.AppId).ToList();
        var resources = DeclaredResources.Load([Path.Combine(Root, folder)], NullLogger.Instance);

        Assert.Equal(["pubsub", "statestore"], resources.Components.Select(component => component.Name).Order());
        Assert.All(resources.Components, component => Assert.Equal(apps, component.Scopes));
        Assert.All(apps, app => Assert.Equal("", resources.Components.Single(component => component.IsState).PrefixOf(app)));
    }

    [Fact]
    public void Redis_hands_an_event_on_after_the_longest_delivery_and_the_tries_come_to_an_end()
    {
        var resources = DeclaredResources.Load([Path.Combine(Root, "components")], NullLogger.Instance);
        var pubSub = resources.Components.Single(component => component.IsPubSub);

        var policy = resources.InboundOf("findme-compare", pubSub.Name);

        Assert.InRange(policy.Retry!.MaxRetries, 1, 20);
        Assert.InRange(pubSub.ClaimTime!.Value, policy.Timeout!.Value + TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(45));
    }

    [Fact]
    public void On_RabbitMQ_a_replica_handles_as_many_events_as_on_Redis_and_what_fails_is_queued_again()
    {
        var redis = DeclaredResources.Load([Path.Combine(Root, "components")], NullLogger.Instance);
        var rabbitMq = DeclaredResources.Load([Path.Combine(Root, "components", "rabbitmq-postgresql")], NullLogger.Instance);
        var pubSub = rabbitMq.Components.Single(component => component.IsPubSub);

        Assert.Equal(redis.Components.Single(component => component.IsPubSub).Concurrency, pubSub.Concurrency);
        Assert.True(pubSub.Metadata["requeueInFailure"] is "true");
        Assert.Equivalent(redis.InboundOf("findme-compare", "pubsub"), rabbitMq.InboundOf("findme-compare", "pubsub"));
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("FindMe.sln is in no folder above the tests");
        }

        return folder.FullName;
    }
}
