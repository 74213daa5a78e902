using FindMe.DemoNetworks;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

public sealed class NetworkKillSweepTests
{
    private const string Collect = "findme-collect";
    private const int Pages = 2;
    private const int PageSize = 20;
    private const int Posts = Pages * PageSize;
    private const decimal PostPrice = 0.005m;

    // Looking up the authors of two matches, each at most twice.
    private const decimal Names = 2 * 2 * 0.015m;

    // The size of one request to X, which is charged even if its response is lost.
    private const int AskedFor = 64;

    // One page, the request of the next one, and that page's first writes.
    private const int SureWrites = 7;

    private static readonly bool Everything = Environment.GetEnvironmentVariable("FINDME_EVERYBODY") is not null;

    // Only X costs money, so only X is always swept; the other networks use the same code.
    public static TheoryData<string> Sources => Everything ? ["x", "mastodon", "bluesky"] : ["x"];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task Collect_killed_at_any_write_or_publish_of_a_walk_loses_no_photo_and_pays_for_at_most_one_page_more(string source)
    {
        await using var networks = await NetworkBench.StartAsync(new Scenario { PageSize = PageSize, Accounts = [new() { Name = "ann" }] });
        var network = source switch { "x" => networks.X, "mastodon" => networks.Mastodon, _ => (Network)networks.Bluesky };
        for (var number = 0; number < Posts; number++)
        {
            network.Publish(new ScenarioPost
            {
                Text = $"At #kills ({number})",
                MinutesAgo = number + 1,
                // Deleted photos are skipped, which is a verdict, too, and takes no time.
                Media = [number % PageSize == 3
                    ? new() { Picture = $"demo/0?scale=30&cut={number}" }
                    : new() { Picture = $"mosaic/{number}", Behaviour = MediaBehaviour.Missing }],
            });
        }

        await using var sweep = await KillSweep.StartAsync(new { source, query = "#kills", maxCost = source == "x" ? 1 : (int?)null }, networks.Settings);
        var before = network.Calls.Pages();
        var (calls, calm) = await sweep.CountAsync(Collect);
        Assert.Equal(Pages, network.Calls.Pages() - before);
        Assert.Equal(Posts, calm.Count);
        Assert.InRange(calls, 5 * Pages, 15 * Pages);

        var deaths = 0;
        for (var ordinal = 1; ordinal <= (Everything ? calls : SureWrites); ordinal++)
        {
            foreach (var point in Enum.GetValues<ObservedPoint>())
            {
                var (pages, posts) = (network.Calls.Pages(), network.Calls.Posts());
                // A lost race adds a retry, so that the number of writes varies: the last ordinals may not occur.
                if (await sweep.RunAsync(new Death(Collect, ordinal, point), calm) is { } result)
                {
                    deaths++;
                    TestContext.Current.TestOutputHelper!.WriteLine($"{ordinal} {point}: {result.At}, {network.Calls.Pages() - pages} pages, ${result.Cost}");
                    Assert.Empty(result.Differences);
                    Assert.InRange(network.Calls.Pages() - pages, Pages, Pages + 1);
                    Assert.InRange(
                        result.Cost,
                        source == "x" ? (network.Calls.Posts() - posts) * PostPrice : 0,
                        source == "x" ? ((Posts + AskedFor) * PostPrice) + Names : 0);
                }
            }
        }

        Assert.InRange(deaths, 2 * SureWrites, 2 * calls);
    }
}
