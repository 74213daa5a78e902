using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace LocalDapr.Tests.Broker;

public sealed class KillTests
{
    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_the_process_is_killed_in_the_middle()
    {
        const int AcknowledgedBeforeTheKill = 3000;
        using var folder = new TemporaryFolder();
        var delivered = new ConcurrentDictionary<string, int>();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (request, aborted) =>
        {
            var id = request.Json.GetProperty("id").GetString()!;
            // Some are in delivery when the process is killed.
            await Task.Delay(id.GetHashCode(StringComparison.Ordinal) % 20 == 0 ? 100 : 0, aborted);
            delivered[id] = 1;
            return AppReply.Ok;
        };
        var published = new ConcurrentBag<string>();
        var saved = new ConcurrentBag<string>();
        using (var process = await SidecarProcess.StartAsync(folder, app, SidecarUnderTest.PubSub, SidecarUnderTest.Store))
        {
            var clients = Enumerable.Range(0, 16).Select(client => Task.Run(() => WriteUntilItDiesAsync(process.Endpoint, client, published, saved))).ToList();
            await Eventually.TrueAsync(() => published.Count + saved.Count >= AcknowledgedBeforeTheKill, seconds: 60);
            process.Kill();
            await Task.WhenAll(clients);
        }

        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { Folder = folder }, app);

        foreach (var key in saved)
        {
            Assert.Equal($"\"{key}\"", (await sidecar.GetAsync(key))?.Value);
        }

        await Waiting.NothingAsync(sidecar);
        Assert.DoesNotContain(published, id => !delivered.ContainsKey(id));
    }

    [Fact]
    public async Task An_event_in_the_apps_hands_when_the_process_is_killed_comes_again_and_that_delivery_counts()
    {
        using var folder = new TemporaryFolder();
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        app.Handler = async (_, aborted) =>
        {
            await Task.Delay(Timeout.Infinite, aborted);
            return AppReply.Ok;
        };
        using (var process = await SidecarProcess.StartAsync(folder, app, SidecarUnderTest.PubSub))
        {
            using var http = new HttpClient { BaseAddress = process.Endpoint };
            using var published = await http.PostAsync("/v1.0/publish/pubsub/orders", new StringContent("1"));
            await app.NextAsync();
            // The count is written asynchronously; a later commit proves that it is in the file.
            using var marker = await http.PostAsync("/v1.0/publish/pubsub/marker", new StringContent("1"));
            process.Kill();
        }

        app.Handler = (_, _) => Task.FromResult(AppReply.Ok);
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Folder = folder, Broker = BrokerProfile.ServiceBus }, app);

        Assert.Equal(2, (await app.NextAsync()).DeliveryCount);
        await Waiting.NothingAsync(sidecar);
    }

    private static async Task WriteUntilItDiesAsync(Uri endpoint, int client, ConcurrentBag<string> published, ConcurrentBag<string> saved)
    {
        using var http = new HttpClient { BaseAddress = endpoint };
        for (var number = 0; ; number++)
        {
            var id = $"{client}-{number}";
            try
            {
                using var publish = await http.PostAsync(
                    $"/v1.0/publish/pubsub/orders?metadata.cloudevent.id={id}", new StringContent("{}", Encoding.UTF8, "application/json"));
                if (publish.StatusCode == HttpStatusCode.NoContent)
                {
                    published.Add(id);
                }

                using var save = await http.PostAsync("/v1.0/state/statestore", new StringContent($$"""[{"key":"{{id}}","value":"{{id}}"}]"""));
                if (save.StatusCode == HttpStatusCode.NoContent)
                {
                    saved.Add(id);
                }
            }
            catch (HttpRequestException)
            {
                return;
            }
        }
    }
}
