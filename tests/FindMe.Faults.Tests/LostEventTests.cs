using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class LostEventTests
{
    private const int Photos = 20;

    [Fact]
    public async Task Where_every_third_event_is_lost_what_is_missing_is_asked_for_again_until_the_search_finishes()
    {
        using var albums = new TemporaryFolder();
        var faults = new FaultInjection { Plan = new FaultPlan { LoseEvery = 3 } };
        await using var load = await LoadSystem.StartAsync([LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320)], options => options with
        {
            Interceptor = faults,
            Settings = new Dictionary<string, string>(options.Settings) { ["Recovery__Interval"] = "00:00:01", ["Recovery__Timeout"] = "00:00:01" },
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();

        var view = await ada.UntilEndedAsync(await ada.SearchAsync("talk"), TimeSpan.FromSeconds(90));

        Assert.Equal(("finished", Photos), (view["status"]!.GetValue<string>(), view["photos"]!["compared"]!.GetValue<int>()));
        Assert.InRange(faults.Counters.Of(FaultKind.Loss), Photos / 3, 10 * Photos);
    }

    // Like daprd, a refused connection counts as a failed attempt; like Redis, only a dead-letter topic keeps failed events.
    [Fact]
    public async Task While_the_app_that_takes_dead_letters_is_down_for_longer_than_all_tries_take_no_step_is_lost()
    {
        using var albums = new TemporaryFolder();
        await using var load = await LoadSystem.StartAsync([LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320)], options => options with
        {
            Rules = Imitations.Of(BrokerProfile.Redis118, countsRefused: true),
        });
        using var ada = new Visitor(load.System.Page, retries: true);
        await ada.ShowDemoFaceAsync();

        load.System.Processes.Kill("findme-collect");
        var search = await ada.SearchAsync("talk");
        for (var i = 0; i < 30; i++)
        {
            // All attempts of a step, and those of its dead letter, take half a second each.
            await Task.Delay(100, TestContext.Current.CancellationToken);
            load.System.Processes.Kill("findme-collect");
        }

        var view = await ada.UntilEndedAsync(search, TimeSpan.FromSeconds(60));

        Assert.Equal(("finished", Photos), (view["status"]!.GetValue<string>(), view["photos"]!["compared"]!.GetValue<int>()));
    }
}
