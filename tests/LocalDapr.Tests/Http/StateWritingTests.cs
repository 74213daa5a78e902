using System.Net;
using FsCheck;
using FsCheck.Fluent;

namespace LocalDapr.Tests.Http;

public sealed class StateWritingTests
{
    private const int Clients = 16;
    private static readonly string[] Keys = ["a", "b", "c"];

    [Fact]
    public async Task Sixteen_clients_that_save_with_etags_in_any_interleaving_lose_no_update()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        var round = 0;

        // A plan lists the key that each step increments. The clients share the steps, read, and save with the ETag that they read.
        var plans = Gen.Choose(0, Keys.Length - 1).ArrayOf(64);
        Prop.ForAll(plans.ToArbitrary(), plan => RunAsync(sidecar, plan, Interlocked.Increment(ref round)).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(15));
    }

    [Fact]
    public async Task Creators_of_one_key_with_first_write_have_one_winner()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(
            client => sidecar.SaveAsync("key", $"{client}", more: ""","options":{"concurrency":"first-write"}""")));

        var winner = Assert.Single(Enumerable.Range(0, Clients), client => answers[client].StatusCode == HttpStatusCode.NoContent);
        Assert.Equal(Clients - 1, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        Assert.Equal($"{winner}", (await sidecar.GetAsync("key"))!.Value.Value);
    }

    private static async Task<bool> RunAsync(SidecarUnderTest sidecar, int[] plan, int round)
    {
        foreach (var key in Keys)
        {
            using var _ = await sidecar.SaveAsync($"{key}{round}", "0");
        }

        var saved = new int[Keys.Length];
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            for (var step = Interlocked.Increment(ref next); step < plan.Length; step = Interlocked.Increment(ref next))
            {
                var key = $"{Keys[plan[step]]}{round}";
                var (value, etag) = (await sidecar.GetAsync(key))!.Value;
                using var answer = await sidecar.SaveAsync(key, $"{int.Parse(value) + 1}", etag);
                if (answer.StatusCode == HttpStatusCode.NoContent)
                {
                    Interlocked.Increment(ref saved[plan[step]]);
                }
                else
                {
                    Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
                }
            }
        })));
        for (var i = 0; i < Keys.Length; i++)
        {
            if ((await sidecar.GetAsync($"{Keys[i]}{round}"))!.Value.Value != $"{saved[i]}")
            {
                return false;
            }
        }

        return true;
    }
}
