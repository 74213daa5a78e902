using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class FaultInjectionTests
{
    // bench/FindMe.Load takes 500, and each kind of fault alone as well.
    private const int Photos = 200;

    [Fact]
    public async Task Every_kind_of_fault_but_loss_at_once_changes_no_verdict_and_multiplies_nothing()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320);
        var calm = await InjectionRuns.RunAsync(InjectionRuns.Calm, seed: 0, album);
        Assert.InRange(calm.Verdicts.Count, 3, Photos);
        Assert.Empty(calm.Struck);
        Assert.Equal(Photos, calm.Deliveries);

        var faulty = await InjectionRuns.RunAsync(InjectionRuns.All, seed: 7, album);

        Assert.Empty(calm.Verdicts.Differences(faulty.Verdicts));
        Assert.InRange(faulty.Restarts, 3, 100);
        Assert.All(Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.Loss), kind => Assert.True(faulty.Struck.ContainsKey(kind), $"{kind} never struck"));

        // The same where what fails and what a consumer held comes back after a claim time.
        var claimed = await InjectionRuns.RunAsync(InjectionRuns.All, seed: 7, album, broker: BrokerProfile.Redis118);
        Assert.Empty(calm.Verdicts.Differences(claimed.Verdicts));

        // A batch that is requested again and again is sent by each of Collect's four handlers at most before one of them has noted it, and
        // each photo sent is delivered twice at most on average. Copies that make copies would come to many times that.
        Assert.InRange(faulty.Deliveries, Photos, 8 * Photos);
    }
}
