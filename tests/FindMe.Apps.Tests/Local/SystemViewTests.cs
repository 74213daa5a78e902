using System.Diagnostics;
using System.Text.Json.Nodes;

namespace FindMe.Apps.Tests.Local;

public sealed class SystemViewTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    [Fact]
    public async Task The_view_shows_every_process_queue_and_what_was_handled_and_an_app_that_was_killed_as_started_again()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = findMe.System.View!.Address };
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        await ada.UntilEndedAsync(await ada.SearchAsync(FindMeSystem.Demo));

        var calm = JsonNode.Parse(await http.GetStringAsync("/system", TestContext.Current.CancellationToken))!;

        Assert.True(calm["healthy"]!.GetValue<bool>());
        Assert.Equal(["findme-api", "findme-collect", "findme-compare"], calm["processes"]!.AsArray().Select(process => process!["name"]!.GetValue<string>()));
        Assert.All(calm["processes"]!.AsArray(), process => Assert.Equal((true, 0), (process!["alive"]!.GetValue<bool>(), process["restarts"]!.GetValue<int>())));
        Assert.Contains(calm["queues"]!.AsArray(), queue => queue!["topic"]!.GetValue<string>() == "tweet_image" && queue["dead"]!.GetValue<long>() == 0);
        Assert.InRange(calm["throughput"]!["findme-compare"]!["events"]!.GetValue<long>(), 6, long.MaxValue);

        var collect = Process.GetProcesses().Where(process => IsOurs(process.Id)).ToList();
        Assert.Single(collect).Kill();
        JsonNode after;
        do
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            after = JsonNode.Parse(await http.GetStringAsync("/system", TestContext.Current.CancellationToken))!;
        }
        while (after["processes"]![1]!["restarts"]!.GetValue<int>() == 0 || !after["processes"]![1]!["alive"]!.GetValue<bool>());

        var page = await http.GetStringAsync("/", TestContext.Current.CancellationToken);
        Assert.Contains("<td>findme-collect</td><td>alive</td><td>1</td>", page, StringComparison.Ordinal);
    }

    // The sidecar and its apps are children of this process: other systems on this machine are none of ours.
    private static bool IsOurs(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] == $"{Environment.ProcessId}"
                && File.ReadAllText($"/proc/{process}/cmdline").Contains("FindMe.Collect.dll", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
