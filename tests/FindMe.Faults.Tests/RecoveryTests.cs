using System.Globalization;
using System.Net;
using System.Text;
using FindMe.Local;
using LocalDapr;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

/// <summary>Tests searches whose events are lost, held by a dead consumer, or redelivered too early.</summary>
public sealed class RecoveryTests
{
    private const int Photos = 40;

    // Of those that take long to compare.
    private const int FewPhotos = 20;

    // Few enough photos that all of a search are in the queue at once.
    private const int OneBatch = Pipeline.PhotoBatch.Size;
    private const string Compare = "findme-compare";

    private static readonly string[] Replicas = ["findme-api", "findme-api-2"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_long_queue_is_no_standstill_and_nothing_in_it_is_sent_again()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", OneBatch, facesEvery: 1, maxSide: 960);
        var warmUp = LoadSystem.MakeAlbum(albums.Path, "warm-up", 2, facesEvery: 1, maxSide: 320);
        // One photo at a time: the last search waits for the others longer than the timeout, although no single photo takes that long.
        await using var load = await StartAsync(album, timeoutSeconds: 3, options => options with
        {
            Albums = [.. options.Albums, warmUp],
            Settings = new Dictionary<string, string>(options.Settings) { ["Compare__PhotosAtOnce"] = "1" },
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();

        // Compare's first photo waits for the models to load, which can exceed the timeout on a busy machine.
        await ada.UntilEndedAsync(await ada.SearchAsync("warm-up"), TimeSpan.FromMinutes(3));
        var before = load.System.Sidecar.Traffic.Of(Compare).Deliveries;

        var searches = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ada.SearchAsync("talk")));
        await Task.WhenAll(searches.Select(search => ada.UntilEndedAsync(search, TimeSpan.FromMinutes(3))));

        Assert.InRange(load.System.Sidecar.Traffic.Of(Compare).Deliveries - before, searches.Length * OneBatch, searches.Length * OneBatch * 5 / 4);
    }

    [Fact]
    public async Task The_time_until_a_search_is_requested_again_survives_every_restart_of_Api()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320);
        var faults = new FaultInjection { Plan = new FaultPlan { LoseEvery = 5 } };
        await using var load = await StartAsync(album, timeoutSeconds: 4, options => options with { Interceptor = faults });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");

        // Api is killed before the timeout elapses, again and again.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var killing = Task.Run(
            async () =>
            {
                while (!ended.IsCancellationRequested)
                {
                    load.System.Processes.Kill("findme-api");
                    await Task.Delay(TimeSpan.FromSeconds(3), ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            },
            Cancellation);
        var view = await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(3));
        await ended.CancelAsync();
        await killing;

        Assert.Equal(("finished", Photos), (view["status"]!.GetValue<string>(), view["photos"]!["compared"]!.GetValue<int>()));
        Assert.InRange(faults.Counters.Of(FaultKind.Loss), Photos / 5, 10 * Photos);
    }

    // With a claim time of 100 ms, each event is redelivered several times during its first delivery.
    [Fact]
    public async Task An_event_that_is_handed_on_while_it_is_at_work_is_worked_on_once()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", FewPhotos, facesEvery: 1, maxSide: 1280);
        await using var load = await StartAsync(
            album,
            timeoutSeconds: 60,
            options => options with { Rules = Imitations.Of(BrokerProfile.Redis118) },
            resources => resources.Replace("value: 30s", "value: 100ms", StringComparison.Ordinal).Replace("\"5000\"", "\"100\"", StringComparison.Ordinal));
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();

        var view = await ada.UntilEndedAsync(await ada.SearchAsync("talk"), TimeSpan.FromMinutes(3));

        Assert.Equal(FewPhotos, view["photos"]!["compared"]!.GetValue<int>());
        var compared = LogOf(load.System, Compare).Where(line => line.Contains(": comparing photo ", StringComparison.Ordinal)).ToList();
        Assert.InRange(load.System.Sidecar.Traffic.Of(Compare).Deliveries, FewPhotos + 10, 1000);
        Assert.Equal(FewPhotos, compared.Count);
        Assert.Equal(FewPhotos, compared.Select(line => line[line.IndexOf(": comparing photo ", StringComparison.Ordinal)..]).Distinct().Count());
    }

    [Theory]
    [InlineData(BrokerProfile.Redis118)]
    [InlineData(BrokerProfile.RabbitMq)]
    public async Task Photos_of_a_killed_sidecar_go_to_another_replica_and_get_one_verdict_each(BrokerProfile broker)
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 1, maxSide: 640);
        await using var load = await StartAsync(
            album,
            timeoutSeconds: 60,
            options => options with { Rules = Imitations.Of(broker, countsRefused: true), Replicas = 2 },
            resources => resources.Replace("value: 30s", "value: 3s", StringComparison.Ordinal).Replace("\"5000\"", "\"1000\"", StringComparison.Ordinal));
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        while (load.System.Sidecar.Traffic.Of(Compare).Deliveries < 6)
        {
            await Task.Delay(20, Cancellation);
        }

        await load.System.Sidecar.LoseConsumerAsync(Compare, 0, delay: TimeSpan.FromHours(1));

        var view = await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(2));
        Assert.Equal(("finished", Photos, 0), (view["status"]!.GetValue<string>(), view["photos"]!["compared"]!.GetValue<int>(), view["skipped"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_photo_at_work_when_its_app_is_told_to_end_is_given_up_and_comes_to_another_replica()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", FewPhotos, facesEvery: 1, maxSide: 1920);
        await using var load = await StartAsync(album, timeoutSeconds: 60, options => options with
        {
            Replicas = 2,
            Settings = new Dictionary<string, string>(options.Settings) { ["Compare__StopTime"] = "00:00:00" },
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        while (!LogOf(load.System, $"{Compare}-1").Any(line => line.Contains(": comparing photo ", StringComparison.Ordinal)))
        {
            await Task.Delay(20, Cancellation);
        }

        await load.System.Processes.EndAsync($"{Compare}-1");

        Assert.Contains(LogOf(load.System, $"{Compare}-1"), line => line.Contains("timed out; Dapr will redeliver it", StringComparison.Ordinal));
        var view = await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(2));
        Assert.Equal(FewPhotos, view["photos"]!["compared"]!.GetValue<int>());
    }

    // RabbitMQ has no queue before the first subscription: events published by then are lost, and Recovery requests them again.
    [Fact]
    public async Task What_was_published_before_anybody_ever_subscribed_is_requested_again()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320);
        await using var load = await StartAsync(album, timeoutSeconds: 3, options => options with { Rules = Imitations.Of(BrokerProfile.RabbitMq), Held = [Compare] });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        while ((await ada.GetAsync($"/api/searches/{search}"))["photos"]!["found"]!.GetValue<int>() < Photos)
        {
            await Task.Delay(50, Cancellation);
        }

        await load.System.StartHeldAsync(Cancellation);

        var view = await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(2));
        Assert.Equal(Photos, view["photos"]!["compared"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_search_whose_first_step_cannot_be_published_begins_later_although_another_search_cannot_be_read()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", FewPhotos, facesEvery: 10, maxSide: 320);
        var failures = new BrokerAndDocumentFailures();
        await using var load = await StartAsync(album, timeoutSeconds: 45, options => options with { Interceptor = failures });
        using var ada = new Visitor(load.System.Page);
        await ada.ShowDemoFaceAsync();

        failures.PublishFails = true;
        var unreadable = await ada.SearchAsync("talk");
        failures.UnreadableKey = Pipeline.StateKeys.Search(unreadable);
        var other = await ada.SearchAsync("talk");
        failures.PublishFails = false;
        var view = await ada.UntilEndedAsync(other, TimeSpan.FromMinutes(1));
        failures.UnreadableKey = null;
        var late = await ada.UntilEndedAsync(unreadable, TimeSpan.FromMinutes(1));

        Assert.Equal((FewPhotos, FewPhotos), (view["photos"]!["compared"]!.GetValue<int>(), late["photos"]!["compared"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Of_two_replicas_of_Api_one_asks_for_what_is_missing()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320);
        await using var load = await StartAsync(album, timeoutSeconds: 2, options => options with { Held = [Compare] });
        var api = load.System.Processes.Read().Single(process => process.App.Name == "findme-api").App;
        load.System.Processes.Start(api with
        {
            Name = "findme-api-2",
            Environment = new Dictionary<string, string>(api.Environment) { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["APP_PORT"] = "" },
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        await ada.SearchAsync("talk");

        // Without Compare, Recovery requests the missing photos after 2, 4 and 8 s.
        List<string> requested = [];
        while (requested.Count < 2)
        {
            await Task.Delay(200, Cancellation);
            requested = [.. Replicas.SelectMany(app => LogOf(load.System, app).Where(line => line.Contains("requesting its missing work again", StringComparison.Ordinal)).Select(line => $"{app}: {line}"))];
        }

        Assert.Single(requested.Select(line => line.Split(':')[0]).Distinct());
    }

    // A writer that read a batch just before its deletion restores it, and Api dies before its second sweep.
    [Fact]
    public async Task What_is_written_for_a_search_just_after_its_deletion_is_deleted_by_the_next_Api()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320);
        await using var load = await StartAsync(album, timeoutSeconds: 45, options => options);
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();
        var search = await ada.SearchAsync("talk");
        await ada.UntilEndedAsync(search, TimeSpan.FromMinutes(2));
        using var state = new HttpClient { BaseAddress = load.System.Sidecar.EndpointOf("findme-collect") };
        state.DefaultRequestHeaders.Add("dapr-api-token", load.System.DaprApiToken);
        var key = Pipeline.StateKeys.Batch(search, listing: 1, batch: 1);
        var batch = new Uri($"/v1.0/state/{Pipeline.StateKeys.Store}/{Uri.EscapeDataString(key)}", UriKind.Relative);
        var written = await state.GetStringAsync(batch, Cancellation);

        using var deleted = await ada.Http.DeleteAsync(new Uri($"/api/searches/{search}", UriKind.Relative), Cancellation);
        load.System.Processes.Kill("findme-api");
        using var gone = await state.GetAsync(batch, Cancellation);
        using var saved = await state.PostAsync(
            new Uri($"/v1.0/state/{Pipeline.StateKeys.Store}", UriKind.Relative), new StringContent($$"""[{"key":"{{key}}","value":{{written}}}]""", Encoding.UTF8, "application/json"), Cancellation);
        Assert.Equal(
            (HttpStatusCode.NoContent, HttpStatusCode.NoContent, HttpStatusCode.NoContent), (deleted.StatusCode, gone.StatusCode, saved.StatusCode));

        var status = HttpStatusCode.OK;
        for (var look = 0; look < 400 && status != HttpStatusCode.NoContent; look++)
        {
            await Task.Delay(100, Cancellation);
            using var answer = await state.GetAsync(batch, Cancellation);
            status = answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.NoContent, status);
    }

    private static Task<LoadSystem> StartAsync(
        string album, int timeoutSeconds, Func<LocalSystemOptions, LocalSystemOptions> change, Func<string, string>? resources = null) => LoadSystem.StartAsync(
        [album],
        options => change(options with
        {
            Settings = new Dictionary<string, string>(options.Settings)
            {
                ["Recovery__Interval"] = "00:00:01",
                ["Recovery__Timeout"] = TimeSpan.FromSeconds(timeoutSeconds).ToString("c", CultureInfo.InvariantCulture),
                ["Logging__LogLevel__FindMe.Compare"] = "Debug",
            },
        }),
        resources);

    private static string[] LogOf(LocalSystem system, string app)
    {
        using var stream = new FileStream(Path.Combine(Path.GetDirectoryName(system.Sidecar.DatabasePath)!, "logs", app + ".log"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }

    /// <summary>Fails what Api publishes, and everybody's reads of one document.</summary>
    private sealed class BrokerAndDocumentFailures : ISidecarInterceptor
    {
        public bool PublishFails { get; set; }

        public string? UnreadableKey { get; set; }

        public async Task<ApiError?> CallAsync(SidecarCall called, Func<Task<ApiError?>> proceed) => called switch
        {
            { AppId: "findme-api", Kind: CallKind.Publish } when PublishFails => called.Failed("the broker is gone"),
            { Kind: CallKind.StateRead, Target: var target } when target == UnreadableKey => called.Failed("the document is damaged"),
            _ => await proceed(),
        };
    }
}
