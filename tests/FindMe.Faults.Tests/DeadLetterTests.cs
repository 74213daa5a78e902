using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Pipeline;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class DeadLetterTests
{
    private const int Photos = PhotoBatch.Size + 8;
    private const string OperatorKey = "an operator's key of the tests, long enough";

    private volatile bool _storeIsBroken;

    [Fact]
    public async Task Photos_that_fail_every_time_are_tried_once_more_then_skipped_and_the_operator_has_them_tried_again()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 8, maxSide: 320);
        await using var load = await LoadSystem.StartAsync([album], options => options with
        {
            Settings = new Dictionary<string, string>(options.Settings) { ["Operator__Key"] = OperatorKey },
            Interceptor = new FaultInjection { Observe = BreakOneBatchAsync },
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var calm = await ada.UntilEndedAsync(await ada.SearchAsync("talk"), TimeSpan.FromSeconds(60));

        _storeIsBroken = true;
        var search = await ada.SearchAsync("talk");
        var broken = await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(4));

        // Compare could not settle any photo of the second batch.
        Assert.Equal("finished", broken["status"]!.GetValue<string>());
        var skipped = broken["skipped"]!.AsArray();
        Assert.Equal(Photos - PhotoBatch.Size, skipped.Count);
        Assert.All(skipped, photo => Assert.Contains("failed repeatedly", photo!["reason"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NotFound, (await AskOperatorAsync(ada, HttpMethod.Get, "failures", "a wrong key that is quite as long as it")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskOperatorAsync(ada, HttpMethod.Post, $"failures/{new string('0', 32)}/retry", OperatorKey)).Status);
        var (listed, failures) = await RunFailuresAsync(ada, OperatorKey, "list", "--json");
        Assert.Equal(0, listed);
        var failure = JsonNode.Parse(Assert.Single(failures))!;
        Assert.Equal(search, failure["searchId"]!.GetValue<string>());
        Assert.Equal(skipped.Count, failure["photos"]!.GetValue<int>());
        Assert.Equal(2, (await RunFailuresAsync(ada, "a wrong key that is quite as long as it", "list")).Code);

        _storeIsBroken = false;
        var (retried, searches) = await RunFailuresAsync(ada, OperatorKey, "retry", "--all");
        Assert.Equal((0, search), (retried, Assert.Single(searches)));
        var mended = broken;
        for (var i = 0; i < 300 && mended["skipped"]!.AsArray().Count > 0; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            mended = await ada.GetAsync($"/api/searches/{search}");
        }

        mended = await ada.UntilEndedAsync(search, TimeSpan.FromSeconds(60));
        Assert.Empty(VerdictMap.Of(calm).Differences(VerdictMap.Of(mended)));
        Assert.Empty((await AskOperatorAsync(ada, HttpMethod.Get, "failures", OperatorKey)).Body!.AsArray());
    }

    [Fact]
    public async Task Messages_that_are_no_messages_end_at_once_and_searches_go_on()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", 10, facesEvery: 5, maxSide: 320);
        await using var load = await LoadSystem.StartAsync([album]);
        using var sidecar = new HttpClient { BaseAddress = load.System.Sidecar.EndpointOf("findme-api") };
        sidecar.DefaultRequestHeaders.Add("dapr-api-token", load.System.DaprApiToken);
        string[] poison = ["null", "[]", "\"text\"", "{}", "{\"searchId\":7}", "{\"searchId\":\"x\",\"page\":\"one\"}", "{\"searchId\":\"x\",\"index\":-1}"];
        foreach (var topic in new[] { Topics.SearchRequest, Topics.TweetImage, Topics.SearchRequestDead, Topics.TweetImageDead })
        {
            foreach (var data in poison)
            {
                using var published = await sidecar.PostAsync(
                    new Uri($"/v1.0/publish/pubsub/{topic}", UriKind.Relative), new StringContent(data, new MediaTypeHeaderValue("application/json")), TestContext.Current.CancellationToken);
                Assert.Equal(HttpStatusCode.NoContent, published.StatusCode);
            }
        }

        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var view = await ada.UntilEndedAsync(await ada.SearchAsync("talk"), TimeSpan.FromSeconds(60));
        Assert.Equal("finished", view["status"]!.GetValue<string>());

        // After the search's last steps, no delivery may follow within twice the sidecar's retry delay.
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        var before = load.System.Sidecar.Traffic.Snapshot();
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        var after = load.System.Sidecar.Traffic.Snapshot();
        Assert.All(after, app => Assert.Equal(before[app.Key].Deliveries, app.Value.Deliveries));
        Assert.InRange(after["findme-collect"].Deliveries, 3 * poison.Length, 6 * poison.Length);
    }

    private Task BreakOneBatchAsync(ObservedCall call) =>
        _storeIsBroken && call is { AppId: "findme-compare", Kind: ObservedKind.StateWrite, Point: ObservedPoint.Before } && call.Target.EndsWith("-1", StringComparison.Ordinal)
            ? throw new InvalidOperationException("The store refuses this batch.")
            : Task.CompletedTask;

    // Runs the real command.
    private static async Task<(int Code, string[] Lines)> RunFailuresAsync(Visitor person, string key, params string[] arguments)
    {
        var findMe = Path.Combine(Checkouts.Root, "artifacts", "bin", "FindMe.Cli", "release", "findme.dll");
        var start = new ProcessStartInfo("dotnet", [findMe, "failures", .. arguments, "--server", $"{person.Http.BaseAddress}"]) { RedirectStandardOutput = true };
        start.Environment["FINDME_OPERATOR_KEY"] = key;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Body)> AskOperatorAsync(Visitor person, HttpMethod method, string path, string key)
    {
        using var request = new HttpRequestMessage(method, $"/operator/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await person.Http.SendAsync(request);
        return (answer.StatusCode, answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadFromJsonAsync<JsonNode>() : null);
    }
}
