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
        Assert.Contains(calm["queues"]!.AsArray(), queue => queue!["topic"]!.GetValue<string>() == "tweet_image");

        system.Processes.Kill("findme-collect");
        await UntilAsync(http, view => view["processes"]![1]!["restarts"]!.GetValue<int>() == 1 && view["processes"]![1]!["alive"]!.GetValue<bool>());
        foreach (var (host, status) in new[] { ("evil.example", System.Net.HttpStatusCode.BadRequest), ("localhost", System.Net.HttpStatusCode.OK) })
        {
            using var named = new HttpRequestMessage(HttpMethod.Get, "/system") { Headers = { Host = host } };
            using var answer = await http.SendAsync(named, TestContext.Current.CancellationToken);
            Assert.Equal(status, answer.StatusCode);
        }

        var page = await http.GetStringAsync("/", TestContext.Current.CancellationToken);
        Assert.Contains("<td>findme-collect</td><td>alive</td><td>1</td>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_database_makes_the_system_unhealthy_and_everybody_is_told_what_to_do()
    {
        using var folder = new TemporaryFolder();
        await using var system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = folder.Folder("data"), Albums = [folder.AlbumOfBlankPictures("blank", Photos)], Echo = false },
            TestContext.Current.CancellationToken);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = system.View!.Address };
        using var ada = new Visitor(system.Page);
        await ada.ShowDemoFaceAsync();
        Assert.True((await UntilAsync(http, view => view["healthy"]!.GetValue<bool>()))["problems"]!.AsArray().Count == 0);

        await DamageAsync(system.Sidecar.DatabasePath);
        using var answer = await ada.Http.GetAsync(new Uri("/api/references", UriKind.Relative), TestContext.Current.CancellationToken);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("data-damaged", body["type"]!.GetValue<string>());
        Assert.Contains("restore a backup", body["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        var view = JsonNode.Parse(await http.GetStringAsync("/system", TestContext.Current.CancellationToken))!;
        Assert.False(view["healthy"]!.GetValue<bool>());
        Assert.Contains("another --data folder", Assert.Single(view["problems"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal);
        var page = await http.GetStringAsync("/", TestContext.Current.CancellationToken);
        Assert.Contains("Action needed", page, StringComparison.Ordinal);
        Assert.Contains("another --data folder", page, StringComparison.Ordinal);
        using var log = new StreamReader(new FileStream(Path.Combine(folder.Path, "data", "logs", "sidecar.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Assert.Contains("sidecar.db is damaged", await log.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    // Every page of the file but the first, which says that it is a database, and what the log would put over it.
    private static async Task DamageAsync(string database)
    {
        const int PageBytes = 4096;
        await using (var file = new FileStream(database, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            var pages = file.Length / PageBytes;
            file.Position = PageBytes;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, (int)(pages - 1) * PageBytes).ToArray());
        }

        await using var log = new FileStream(database + "-wal", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        await log.WriteAsync(Enumerable.Repeat((byte)0xA5, (int)log.Length).ToArray());
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
