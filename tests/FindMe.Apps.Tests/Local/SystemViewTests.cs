using System.Text.Json.Nodes;
using FindMe.Local;

namespace FindMe.Apps.Tests.Local;

public sealed class SystemViewTests
{
    private const int Photos = 3;

    [Fact]
    public async Task The_view_shows_every_process_queue_and_what_was_handled_and_an_app_that_was_killed_as_started_again()
    {
        using var folder = new TemporaryFolder();
        await using var system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [folder.AlbumOfBlankPictures("blank", Photos)] },
            TestContext.Current.CancellationToken);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = system.View!.Address };
        using var ada = new Visitor(system.Page);
        await ada.ShowDemoFaceAsync();
        await ada.UntilEndedAsync(await ada.SearchAsync("blank"));

        // A verdict can be read a moment before its delivery is over.
        var calm = await UntilAsync(http, view => view["throughput"]!["findme-compare"]!["events"]!.GetValue<long>() >= Photos);

        Assert.True(calm["healthy"]!.GetValue<bool>());
        Assert.Equal(["findme-api", "findme-collect", "findme-compare"], calm["processes"]!.AsArray().Select(process => process!["name"]!.GetValue<string>()));
        Assert.All(calm["processes"]!.AsArray(), process => Assert.Equal((true, 0), (process!["alive"]!.GetValue<bool>(), process["restarts"]!.GetValue<int>())));
        Assert.Contains(calm["queues"]!.AsArray(), queue => queue!["topic"]!.GetValue<string>() == "tweet_image" && queue["dead"]!.GetValue<long>() == 0);

        system.Processes.Kill("findme-collect");
        await UntilAsync(http, view => view["processes"]![1]!["restarts"]!.GetValue<int>() == 1 && view["processes"]![1]!["alive"]!.GetValue<bool>());
        var page = await http.GetStringAsync("/", TestContext.Current.CancellationToken);
        Assert.Contains("<td>findme-collect</td><td>alive</td><td>1</td>", page, StringComparison.Ordinal);
    }

    private static async Task<JsonNode> UntilAsync(HttpClient http, Func<JsonNode, bool> stands)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            var view = JsonNode.Parse(await http.GetStringAsync("/system", TestContext.Current.CancellationToken))!;
            if (stands(view))
            {
                return view;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Fail("The view does not come to show it.");
        throw new InvalidOperationException();
    }
}
