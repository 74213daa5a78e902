using FindMe.Load;
using FindMe.Sidecar;

namespace FindMe.Apps.Tests.Chaos;

public sealed class ChaosTests
{
    private const int Photos = 500;

    [Fact]
    public async Task Every_kind_of_chaos_at_once_changes_no_verdict_and_multiplies_nothing()
    {
        using var albums = new TemporaryAlbums();
        var album = LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 6, maxSide: 320);
        var calm = await ChaosRuns.RunAsync(ChaosRuns.Calm, seed: 0, album);
        Assert.InRange(calm.Verdicts.Count, 10, Photos);
        Assert.Empty(calm.Struck);
        Assert.InRange(calm.Deliveries, Photos, Photos + PhotosSentTwiceByDesign);

        var chaos = await ChaosRuns.RunAsync(ChaosRuns.All, seed: 7, album);

        Assert.Empty(calm.Verdicts.Differences(chaos.Verdicts));
        Assert.InRange(chaos.Restarts, 3, 100);
        Assert.All(Enum.GetValues<ChaosKind>(), kind => Assert.True(chaos.Struck.ContainsKey(kind), $"{kind} never struck"));

        // Each photo is delivered once, again where the chaos says so, and again where its handler failed; no more than a few times in all.
        Assert.InRange(chaos.Deliveries, Photos, 4 * Photos);
    }

    // The last two that settle a wave at the same moment may both ask for the next one.
    private static int PhotosSentTwiceByDesign => 2 * FindMe.Pipeline.PageLayout.PhotosPerWave;
}
