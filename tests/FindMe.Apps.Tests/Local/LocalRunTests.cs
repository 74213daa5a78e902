using FindMe.Load;

namespace FindMe.Apps.Tests.Local;

public sealed class LocalRunTests
{
    // Long enough to be killed in the middle, short enough to be run often.
    private const int Photos = 60;

    [Fact]
    public async Task A_compare_process_killed_in_mid_search_is_started_again_and_changes_no_verdict()
    {
        using var folder = new TemporaryFolder();
        var album = folder.AlbumOfDemoPhotos("talk", Photos, maxSide: 640);
        await using var findMe = await LocalFindMe.StartAsync(folder.Folder("data"), [album]);
        using var ada = new Visitor(findMe.Address);
        await ada.ShowDemoFaceAsync();
        var calm = await ada.UntilEndedAsync(await ada.SearchAsync("talk"));
        Assert.Equal(Photos, Visitor.Count(calm, "compared"));
        Assert.NotEmpty(calm["matches"]!.AsArray());

        var search = await ada.SearchAsync("talk");
        await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= Photos / 4);
        var victim = Assert.Single(findMe.ProcessesOf("FindMe.Compare"));
        LocalFindMe.Kill(victim);
        var after = await ada.UntilEndedAsync(search);

        Assert.Equal("finished", Visitor.Status(after));
        Assert.Empty(VerdictMap.Of(calm).Differences(VerdictMap.Of(after)));
        Assert.NotEqual(victim, Assert.Single(findMe.ProcessesOf("FindMe.Compare")));
        Assert.Contains(findMe.Output, line => line.Contains("findme-compare ended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Everything_killed_and_started_again_on_the_same_data_changes_no_verdict_and_leaves_no_process()
    {
        using var folder = new TemporaryFolder();
        var album = folder.AlbumOfDemoPhotos("talk", Photos, maxSide: 640);
        var data = folder.Folder("data");
        string calmSearch, search;
        System.Text.Json.Nodes.JsonNode calm;
        System.Net.CookieCollection cookies;
        {
            await using var first = await LocalFindMe.StartAsync(data, [album], "--replicas", "2");
            using var before = new Visitor(first.Address);
            await before.ShowDemoFaceAsync();
            calmSearch = await before.SearchAsync("talk");
            calm = await before.UntilEndedAsync(calmSearch);
            search = await before.SearchAsync("talk");
            await before.UntilAsync(search, view => Visitor.Count(view, "compared") >= Photos / 4);
            cookies = before.Cookies;
            var children = first.Children();
            Assert.Equal(4, children.Count);

            LocalFindMe.Kill(first.ProcessId);
            await first.WaitForEndAsync();
            await EventuallyAsync(() => !children.Any(LocalFindMe.IsAlive), "the apps outlive their parent");
        }

        await using var second = await LocalFindMe.StartAsync(data, [album], "--replicas", "2");
        using var again = new Visitor(second.Address, cookies);
        var after = await again.UntilEndedAsync(search);

        Assert.Equal("finished", Visitor.Status(after));
        Assert.Empty(VerdictMap.Of(calm).Differences(VerdictMap.Of(after)));
        Assert.Empty(VerdictMap.Of(calm).Differences(VerdictMap.Of(await again.GetAsync($"/api/searches/{calmSearch}"))));
    }

    // A terminal sends Ctrl-C to the apps as well; kill and a service manager send SIGTERM to the one process.
    [Theory]
    [InlineData("INT", true)]
    [InlineData("TERM", false)]
    public async Task Ctrl_C_and_SIGTERM_in_mid_search_end_everything_within_15_seconds_with_exit_code_0_and_an_empty_log(string signal, bool andItsApps)
    {
        using var folder = new TemporaryFolder();
        var album = folder.AlbumOfDemoPhotos("talk", Photos);
        var data = folder.Folder("data");
        await using var findMe = await LocalFindMe.StartAsync(data, [album]);
        using var ada = new Visitor(findMe.Address);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        var watching = ada.EventsAsync(search);
        await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= 1);
        var children = findMe.Children();
        Assert.True(new FileInfo(Path.Combine(data, "sidecar.db-wal")).Length > 0);

        await findMe.SignalAsync(signal, andItsApps);

        Assert.Equal(0, await findMe.ExitCodeAsync(TimeSpan.FromSeconds(15)));
        Assert.False(File.Exists(Path.Combine(data, "sidecar.db-wal")));
        Assert.DoesNotContain(children, LocalFindMe.IsAlive);
        Assert.DoesNotContain(findMe.Output, line => line.Contains("starting it again", StringComparison.Ordinal));
        await Task.WhenAny(watching);
    }

    [Fact]
    public async Task A_second_Ctrl_C_ends_it_at_once_and_its_apps_soon_after()
    {
        using var folder = new TemporaryFolder();
        await using var findMe = await LocalFindMe.StartAsync(folder.Folder("data"), [folder.AlbumOfBlankPictures("blank", 1)]);
        var children = findMe.Children();

        // An app that does not end by itself, so that the first signal is still being handled when the second comes.
        await LocalFindMe.SignalAsync("STOP", children[0]);
        await findMe.SignalAsync("INT");
        await EventuallyAsync(() => children.Skip(1).All(child => !LocalFindMe.IsAlive(child)), "the first Ctrl-C does nothing");
        await findMe.SignalAsync("INT");

        Assert.NotEqual(0, await findMe.ExitCodeAsync(TimeSpan.FromSeconds(2)));
        await LocalFindMe.SignalAsync("KILL", children[0]);
    }

    [Fact]
    public async Task What_cannot_be_started_is_told_in_one_line_that_says_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "a-file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;

        await AssertRefusedAsync("--album takes a folder", "--port", "0", "--data", folder.Folder("data"), "--album", Path.Combine(folder.Path, "nowhere"));
        await AssertRefusedAsync("--data DIR", "--port", "0", "--data", Path.Combine(file, "data"));
        await AssertRefusedAsync("--replicas takes a number", "--port", "0", "--data", folder.Folder("data"), "--replicas", "0");
        await AssertRefusedAsync($"port {port} is in use", "--data", folder.Folder("data"), "--port", $"{port}");
    }

    [Fact]
    public async Task Data_of_a_newer_FindMe_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Folder("data");
        string database;
        await using (var sidecar = await Sidecar.LocalSidecar.StartAsync(
            new Sidecar.SidecarOptions { DataPath = data, ResourcesPath = Path.Combine(Checkouts.Root, "components"), Apps = [] },
            TestContext.Current.CancellationToken))
        {
            database = sidecar.DatabasePath;
        }

        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={database};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 999";
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await AssertRefusedAsync("newer", "--port", "0", "--data", data);
    }

    private static async Task AssertRefusedAsync(string wayOut, params string[] arguments)
    {
        var (exitCode, output) = await LocalFindMe.RunAsync(arguments);

        Assert.Equal(1, exitCode);
        var line = Assert.Single(output.Split('\n'), line => line.StartsWith("FindMe cannot run: ", StringComparison.Ordinal));
        Assert.Contains(wayOut, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static async Task EventuallyAsync(Func<bool> holds, string otherwise)
    {
        for (var i = 0; i < 200; i++)
        {
            if (holds())
            {
                return;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Fail(otherwise);
    }
}
