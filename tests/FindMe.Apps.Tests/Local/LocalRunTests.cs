using System.Runtime.Versioning;

namespace FindMe.Apps.Tests.Local;

[UnsupportedOSPlatform("windows")]
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
        Assert.Contains("[1/1] Start the apps", findMe.Output);
        Assert.StartsWith("FindMe is ready: ", findMe.Output[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(findMe.Output, line => line.Contains('\u001b', StringComparison.Ordinal) || line.Contains('\r', StringComparison.Ordinal));
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
        Assert.Contains(findMe.Output, line => line.Contains("findme-compare: warn: exited", StringComparison.Ordinal));
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
        Assert.DoesNotContain(findMe.Output, line => line.Contains("; restarting", StringComparison.Ordinal));
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

        await AssertRefusedAsync("--album must be a folder", "--port", "0", "--data", folder.Folder("data"), "--album", Path.Combine(folder.Path, "nowhere"));
        await AssertRefusedAsync("--data DIR", "--port", "0", "--data", Path.Combine(file, "data"));
        await AssertRefusedAsync("--replicas must be a number", "--port", "0", "--data", folder.Folder("data"), "--replicas", "0");
        await AssertRefusedAsync($"port {port} is in use", "--data", folder.Folder("data"), "--port", $"{port}");
    }

    [Fact]
    public async Task A_port_that_is_taken_on_the_IPv6_address_alone_is_told_in_one_line()
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "this machine has no IPv6");
        using var folder = new TemporaryFolder();
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.IPv6Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;

        await AssertRefusedAsync($"port {port} is in use", "--data", folder.Folder("data"), "--port", $"{port}");
    }

    [Fact]
    public async Task Too_few_open_files_are_told_in_one_line_with_the_command_that_allows_more()
    {
        using var folder = new TemporaryFolder();

        AssertRefused("ulimit -n", await LocalFindMe.RunWithFilesAsync(128, "--port", "0", "--data", folder.Folder("data")));
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("garbage")]
    public async Task A_key_ring_that_is_gone_or_garbage_is_told_with_what_it_means_and_one_that_is_there_is_not(string ring)
    {
        const string Meaning = "must add their selfies again";
        using var folder = new TemporaryFolder();
        var album = folder.AlbumOfBlankPictures("blank", 1);
        var data = folder.Folder("data");
        // Once more where the ring is there, which is no reason to say anything.
        for (var start = 0; start < (ring == "gone" ? 2 : 1); start++)
        {
            await using var before = await LocalFindMe.StartAsync(data, [album]);
            using var ada = new Visitor(before.Address);
            await ada.ShowDemoFaceAsync();
            Assert.DoesNotContain(before.Output, line => line.Contains(Meaning, StringComparison.Ordinal));
        }

        foreach (var key in Directory.GetFiles(Path.Combine(data, "keys")))
        {
            if (ring == "gone")
            {
                File.Delete(key);
            }
            else
            {
                await File.WriteAllTextAsync(key, "<key id='x'>garbage</key>", TestContext.Current.CancellationToken);
            }
        }

        await using var after = await LocalFindMe.StartAsync(data, [album]);

        await EventuallyAsync(() => after.Output.Any(line => line.Contains(Meaning, StringComparison.Ordinal)), "nothing is said of the key ring");
        Assert.Single(after.Output, line => line.StartsWith("findme-api: fail:", StringComparison.Ordinal) && line.Contains(Path.Combine(data, "keys"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_a_folder_that_others_may_open_every_file_is_its_owners_alone_and_the_folder_is_warned_of()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Folder("data");
        SetMode(data, "755");
        await using (var first = await LocalFindMe.StartAsync(data, [folder.AlbumOfBlankPictures("blank", 1)]))
        {
            Assert.Contains(first.Output, line => line.Contains($"chmod 700 {data}", StringComparison.Ordinal));
            using var ada = new Visitor(first.Address);
            await ada.ShowDemoFaceAsync();
            using var upload = new ByteArrayContent(ZipOfOnePicture()) { Headers = { ContentType = new("application/zip") } };
            using var sent = await ada.Http.PostAsync(new Uri("/api/uploads", UriKind.Relative), upload, TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.HttpStatusCode.Created, sent.StatusCode);
            await ada.UntilEndedAsync(await ada.SearchAsync("blank"));
            AssertPrivate(data, "sidecar.db", "sidecar.db-wal", "sidecar.db-shm", "sidecar.db.lock", "logs/findme-api.log", "logs/sidecar.log", "keys/", "audit/", "uploads/");
        }

        // As an earlier version left them.
        foreach (var file in Directory.GetFiles(data, "*", SearchOption.AllDirectories))
        {
            SetMode(file, "644");
        }

        await using var second = await LocalFindMe.StartAsync(data, [folder.AlbumOfBlankPictures("blank", 1)]);
        AssertPrivate(data, "sidecar.db", "sidecar.db.lock", "logs/findme-api.log", "logs/sidecar.log", "keys/", "audit/", "uploads/");
    }

    private static void SetMode(string path, string octal) => File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(octal, 8));

    private static void AssertPrivate(string data, params string[] expected)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        var files = Directory.GetFiles(data, "*", SearchOption.AllDirectories).Select(file => (Name: Path.GetRelativePath(data, file), Mode: File.GetUnixFileMode(file))).ToList();
        Assert.All(expected, name => Assert.Contains(files, file => file.Name.StartsWith(name, StringComparison.Ordinal)));
        Assert.DoesNotContain(files, file => (file.Mode & Others) != 0);
    }

    private static byte[] ZipOfOnePicture()
    {
        using var bytes = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(bytes, System.IO.Compression.ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("a.png").Open();
            entry.Write(TemporaryFolder.BlankPng(8, 8));
        }

        return bytes.ToArray();
    }

    [Fact]
    public async Task Data_of_a_newer_FindMe_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Folder("data");
        string database;
        await using (var sidecar = await LocalDapr.LocalSidecar.StartAsync(
            new LocalDapr.SidecarOptions { DataPath = data, ResourcesPath = Path.Combine(Checkouts.Root, "components"), Apps = [] },
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

    private static async Task AssertRefusedAsync(string wayOut, params string[] arguments) => AssertRefused(wayOut, await LocalFindMe.RunAsync(arguments));

    private static void AssertRefused(string wayOut, (int ExitCode, string Output) run)
    {
        var (exitCode, output) = run;
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
