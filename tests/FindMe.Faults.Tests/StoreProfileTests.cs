using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class StoreProfileTests
{
    private const int Photos = 40;

    [Theory]
    [InlineData(BrokerProfile.Redis118, StoreProfile.Redis, DaprVersion.V118, "components")]
    [InlineData(BrokerProfile.Redis116, StoreProfile.Redis, DaprVersion.V116, "components")]
    [InlineData(BrokerProfile.RabbitMq, StoreProfile.PostgreSql, DaprVersion.V118, "components/rabbitmq-postgresql")]
    // The rules of Azure.
    [InlineData(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116, "components")]
    public async Task A_search_finishes_and_everything_is_deleted_by_the_rules_of_other_brokers_and_stores(
        BrokerProfile broker, StoreProfile store, DaprVersion version, string components)
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 4, maxSide: 320);
        var subscribers = new FaultInjection();
        await using var load = await LoadSystem.StartAsync([album], options => options with { Rules = Imitations.Of(broker, store, version), Interceptor = subscribers }, components: components);
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var first = await ada.SearchAsync("talk");
        var view = await ada.UntilEndedAsync(first, TimeSpan.FromMinutes(2));
        Assert.Equal("finished", view["status"]!.GetValue<string>());
        Assert.Equal(Photos, view["photos"]!["compared"]!.GetValue<int>());
        Assert.NotEmpty(view["matches"]!.AsArray());

        using var deleted = await ada.Http.DeleteAsync(new Uri($"/api/searches/{first}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using var gone = await ada.Http.GetAsync(new Uri($"/api/searches/{first}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);

        // The account is deleted while a second search is running.
        await ada.SearchAsync("talk");
        using var forgotten = await ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, forgotten.StatusCode);
        var counts = (await forgotten.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["deleted"]!;
        Assert.Equal(1, counts["references"]!.GetValue<int>());
        Assert.Equal(1, counts["searches"]!.GetValue<int>());
        Assert.Empty(subscribers.Violations);
        Assert.Equal(0, ada.Failures);
    }
}
