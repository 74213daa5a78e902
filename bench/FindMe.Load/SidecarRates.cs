using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Client;
using FindMe.Local;
using FindMe.Pipeline;
using LocalDapr;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FindMe.Load;

/// <summary>Measures the rates of the local sidecar, with the checkout's components and an app that acknowledges everything.</summary>
/// <remarks>Sidecar, app and clients share this process and the machine, so the rates are those of all three together.</remarks>
internal static class SidecarRates
{
    private const string AppId = "findme-compare";
    private const int Clients = 16;

    // Approximate sizes of a tweet_image, and of two batches of photos with verdicts.
    private static readonly string Event = new('e', 600);
    private static readonly string Batches = new('s', 10_000);

    /// <summary>Runs the measurement.</summary>
    /// <param name="folder">Folder of the database.</param>
    /// <param name="calls">Number of calls of each kind.</param>
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
        while (!sidecar.ReadQueues().Any(queue => queue.Topic == Topics.TweetImage))
        {
            await Task.Delay(50);
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = sidecar.EndpointOf(AppId) };
        using var dapr = new DaprClientBuilder().UseGrpcEndpoint(sidecar.GrpcEndpointOf(AppId).GetLeftPart(UriPartial.Authority)).Build();
        var report = new JsonObject { ["calls"] = calls, ["clients"] = Clients };
        foreach (var (transport, calling) in new (string, Transport)[] { ("http", Http(http)), ("grpc", Grpc(dapr)) })
        {
            // Warm-up.
            await EventsAsync(calling);
            await CallAsync(calls, calling.Save);
            await CallAsync(calls, calling.Read);
            report[transport] = new JsonObject
            {
                ["events"] = await MeasureAsync(() => EventsAsync(calling)),
                ["saves"] = await MeasureAsync(() => CallAsync(calls, calling.Save)),
                ["bulkReadsOfTwoKeys"] = await MeasureAsync(() => CallAsync(calls, calling.Read)),
            };
        }

        return report;

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

        // Includes the delivery of the last event.
        async Task EventsAsync(Transport calling)
        {
            arrived = new TaskCompletionSource();
            Volatile.Write(ref expected, calls);
            await CallAsync(calls, _ => calling.Publish());
            await arrived.Task;
        }
    }

    /// <summary>The measured calls, over HTTP or gRPC.</summary>
    private sealed record Transport(Func<Task> Publish, Func<int, Task> Save, Func<int, Task> Read);

    private static Transport Http(HttpClient http)
    {
        return new Transport(
            () => PostAsync($"/v1.0/publish/pubsub/{Topics.TweetImage}", new { searchId = Event }),
            i => PostAsync($"/v1.0/state/{StateKeys.Store}", new[] { new { key = $"batch/{i % 100}", value = Batches } }),
            i => PostAsync($"/v1.0/state/{StateKeys.Store}/bulk", new { keys = new[] { $"batch/{i % 100}", $"batch/{(i + 1) % 100}" } }));

        async Task PostAsync<T>(string path, T body)
        {
            using var answer = await http.PostAsJsonAsync(path, body);
            answer.EnsureSuccessStatusCode();
        }
    }

    private static Transport Grpc(DaprClient dapr) => new(
        () => dapr.PublishEventAsync(Topics.PubSub, Topics.TweetImage, new { searchId = Event }),
        i => dapr.SaveStateAsync(StateKeys.Store, $"batch/{i % 100}", Batches),
        i => dapr.GetBulkStateAsync(StateKeys.Store, [$"batch/{i % 100}", $"batch/{(i + 1) % 100}"], parallelism: 10));

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

    private static async Task CallAsync(int count, Func<int, Task> call)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                await call(i);
            }
        }));
    }
}
