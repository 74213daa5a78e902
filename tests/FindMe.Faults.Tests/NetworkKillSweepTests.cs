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

    // The names of two matches, each of which may be asked for twice.
    private const decimal Names = 2 * 2 * 0.015m;

    // What X is asked for at once, and is paid if nobody knows what it answered.
    private const int AskedFor = 64;

    // One page, what leads to the next one, and the first writes of that.
    private const int SureWrites = 7;

    private static readonly bool Everything = Environment.GetEnvironmentVariable("FINDME_EVERYBODY") is not null;

    // X alone is paid, so X alone is always swept: the others take the same way.
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
                // What is gone is skipped, which is a verdict too, and costs no time.
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
                // A write that loses a race is made once more, so that one search has more of them than another: the last ones may not come.
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
