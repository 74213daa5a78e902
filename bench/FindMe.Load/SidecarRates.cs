using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Local;
using FindMe.Pipeline;
using LocalDapr;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Load;

/// <summary>What the local sidecar itself does a second, with the components of the checkout and an app that says yes to everything.</summary>
/// <remarks>Sidecar, app and clients share this process and the machine: the rates are those of all three together.</remarks>
internal static class SidecarRates
{
    private const string AppId = "findme-compare";
    private const int Clients = 16;

    // About a tweet_image, and about a shard of 32 photos with their verdicts.
    private static readonly string Event = new('e', 600);
    private static readonly string Shard = new('s', 10_000);

    /// <summary>Measures.</summary>
    /// <param name="folder">Where the database is made.</param>
    /// <param name="calls">Calls of each kind.</param>
    public static async Task<JsonObject> MeasureAsync(string folder, int calls)
    {
        var (expected, arrived) = (0, new TaskCompletionSource());
        await using var app = await StartAppAsync(() =>
        {
            if (Interlocked.Decrement(ref expected) == 0)
            {
                arrived.SetResult();
            }
        });
        await using var sidecar = await LocalSidecar.StartAsync(new SidecarOptions
        {
            DataPath = folder,
            ResourcesPath = Path.Combine(Checkout.Find().Root, "components"),
            Apps = [new SidecarApp(AppId, 0, [new Uri(app.Urls.Single()).Port])],
        });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = sidecar.EndpointOf(AppId) };
        while (!sidecar.ReadQueues().Any(queue => queue.Topic == Topics.TweetImage))
        {
            await Task.Delay(50);
        }

        // Compiled before it counts.
        await EventsAsync(calls);
        await SavesAsync(calls);
        await ReadsAsync(calls);

        return new JsonObject
        {
            ["calls"] = calls,
            ["clients"] = Clients,
            ["events"] = await MeasureAsync(() => EventsAsync(calls)),
            ["saves"] = await MeasureAsync(() => SavesAsync(calls)),
            ["bulkReadsOfTwoKeys"] = await MeasureAsync(() => ReadsAsync(calls)),
        };

        async Task<JsonObject> MeasureAsync(Func<Task> run)
        {
            var (watch, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            await run();
            return new JsonObject
            {
                ["perSecond"] = Math.Round(calls / watch.Elapsed.TotalSeconds),
                ["processorMs"] = Math.Round((Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / calls, 3),
            };
        }

        // Until the last one has arrived.
        async Task EventsAsync(int count)
        {
            arrived = new TaskCompletionSource();
            Volatile.Write(ref expected, count);
            await CallAsync(count, _ => http.PostAsJsonAsync($"/v1.0/publish/pubsub/{Topics.TweetImage}", new { searchId = Event }));
            await arrived.Task;
        }

        Task SavesAsync(int count) => CallAsync(count, i => http.PostAsJsonAsync($"/v1.0/state/{StateKeys.Store}", new[] { new { key = $"shard/{i % 100}", value = Shard } }));

        Task ReadsAsync(int count) => CallAsync(count, i => http.PostAsJsonAsync($"/v1.0/state/{StateKeys.Store}/bulk", new { keys = new[] { $"shard/{i % 100}", $"shard/{(i + 1) % 100}" } }));
    }

    private static async Task<WebApplication> StartAppAsync(Action delivered)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/dapr/subscribe", () => Results.Json(new[] { new { pubsubname = Topics.PubSub, topic = Topics.TweetImage, route = "/event" } }));
        app.MapPost("/event", () =>
        {
            delivered();
            return Results.Ok();
        });
        await app.StartAsync();
        return app;
    }

    private static async Task CallAsync(int count, Func<int, Task<HttpResponseMessage>> call)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                using var answer = await call(i);
                answer.EnsureSuccessStatusCode();
            }
        }));
    }
}
