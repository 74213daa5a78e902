using FindMe.Pipeline;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class KillSweepTests
{
    // Two batches; Compare requests the second one.
    private const int Photos = PhotoBatch.Size + (PhotoBatch.Size / 2);

    // Minimum number of writes per search; a lost race adds a retry, so that the number varies. bench/FindMe.Load sweeps them all, including
    // Collect's in an album. NetworkKillSweepTests sweeps Collect's writes over a network.
    private const int SureWritesOfApi = 4;

    [Fact]
    public async Task Api_killed_at_any_write_or_publish_before_or_after_it_is_done_changes_no_verdict()
    {
        const string Api = "findme-api";
        using var albums = new TemporaryFolder();
        await using var sweep = await KillSweep.StartAsync(LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320));
        var (calls, calm) = await sweep.CountAsync(Api);
        Assert.InRange(calls, SureWritesOfApi, 5 * SureWritesOfApi);

        await AssertSameAsync(sweep, calm, Api, Enumerable.Range(1, SureWritesOfApi));
    }

    // Service Bus redelivers at once, Redis after its claim time.
    [Theory]
    [InlineData(BrokerProfile.Local, 1, 17, Photos)]
    [InlineData(BrokerProfile.Redis118, 17)]
    public async Task Compare_killed_at_its_first_writes_or_about_the_half_of_a_batch_changes_no_verdict(BrokerProfile broker, params int[] ordinals)
    {
        const string Compare = "findme-compare";
        using var albums = new TemporaryFolder();
        await using var sweep = await KillSweep.StartAsync(LoadSystem.MakeAlbum(albums.Path, "talk", Photos, facesEvery: 10, maxSide: 320), broker);
        var (calls, calm) = await sweep.CountAsync(Compare);

        // One verdict per photo, and the request of the second batch.
        Assert.InRange(calls, Photos + 1, 2 * Photos);
        await AssertSameAsync(sweep, calm, Compare, ordinals);
    }

    private static async Task AssertSameAsync(KillSweep sweep, VerdictMap calm, string app, IEnumerable<int> ordinals)
    {
        foreach (var ordinal in ordinals)
        {
            foreach (var point in Enum.GetValues<ObservedPoint>())
            {
                var result = await sweep.RunAsync(new Death(app, ordinal, point), calm);

                Assert.True(result is not null, $"{app} had no write {ordinal} to die at.");
                TestContext.Current.TestOutputHelper!.WriteLine($"{ordinal} {point}: {result.At}");
                Assert.Empty(result.Differences);
            }
        }
    }
}
