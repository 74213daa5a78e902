using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class FaultInjectionTests
{
    // bench/FindMe.Load runs 500 photos, and each kind of fault separately, too.
    private const int Photos = 120;

    [Fact]
    public async Task Every_kind_of_fault_but_loss_at_once_changes_no_verdict_and_multiplies_nothing()
    {
        using var albums = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 6, maxSide: 320);
        var calm = await InjectionRuns.RunAsync(InjectionRuns.Calm, seed: 0, album);
        Assert.InRange(calm.Verdicts.Count, 3, Photos);
        Assert.Empty(calm.Struck);
        Assert.Equal(Photos, calm.Deliveries);

        var faulty = await InjectionRuns.RunAsync(InjectionRuns.All, seed: 7, album);

        Assert.Empty(calm.Verdicts.Differences(faulty.Verdicts));
        Assert.InRange(faulty.Restarts, 3, 100);
        Assert.All(Enum.GetValues<FaultKind>().Where(kind => kind != FaultKind.Loss), kind => Assert.True(faulty.Struck.ContainsKey(kind), $"{kind} never struck"));

        // The same with redelivery after the claim time for failed events and lost consumers.
        var claimed = await InjectionRuns.RunAsync(InjectionRuns.All, seed: 7, album, broker: BrokerProfile.Redis118);
        Assert.Empty(calm.Verdicts.Differences(claimed.Verdicts));

        // At most Collect's four handlers send a repeatedly requested batch before one of them records that, and each photo is delivered
        // twice at most on average. Copies that trigger copies would cause many times more deliveries.
        Assert.InRange(faulty.Deliveries, Photos, 8 * Photos);
    }
}
