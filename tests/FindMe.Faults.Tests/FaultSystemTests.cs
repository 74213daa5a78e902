using System.Runtime.Versioning;
using LocalDapr.Faults;

namespace FindMe.Faults.Tests;

/// <summary>Tests the fault scenarios on the local sidecar and on daprd processes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FaultSystemTests
{
    private const string Compare = "findme-compare";

    private static readonly string[] PortFlags = ["--app-port", "--dapr-http-port", "--dapr-grpc-port", "--dapr-internal-grpc-port"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // The stand-in for daprd records its command line and runs our standalone sidecar. Each one is a separate broker, so that searches do not
    // get beyond Api; but the processes, their flags and their termination are real.
    [Fact]
    public async Task Over_daprd_each_replica_has_a_sidecar_of_its_own_that_is_killed_and_told_to_end_for_real()
    {
        using var folder = new TemporaryFolder();
        var daprd = StandIn(folder);
        var options = new DaprdOptions(
            daprd.Program, Path.Combine(Checkouts.Root, "components"), $"touch '{folder.Path}/stopped'", $"touch '{folder.Path}/started'");
        await using (var system = await DaprdFaultSystem.StartAsync(options, folder.AlbumOfDemoPhotos("talk", 1, maxSide: 320), held: Compare))
        {
            using var ada = new Visitor(system.Page, retries: true);
            await ada.ShowDemoFaceAsync();
            Assert.DoesNotContain(system.Processes.Running(), process => process.Name.StartsWith(Compare, StringComparison.Ordinal));
            Assert.Equal(2, daprd.Starts().Count);

            await system.StartHeldAsync();

            Assert.Equal(
                ["findme-api", "findme-api-daprd", "findme-collect", "findme-collect-daprd", "findme-compare-1", "findme-compare-1-daprd", "findme-compare-2", "findme-compare-2-daprd"],
                system.Processes.Running().Select(process => process.Name).Order(StringComparer.Ordinal));
            AssertAsByDaprRun(daprd.Starts());

            var killed = IdOf("findme-compare-1-daprd");
            await system.KillSidecarAsync(Compare, 0);
            await UntilAsync(() => daprd.Starts().Count == 5 && IdOf("findme-compare-1-daprd") is { } id && id != killed);
            Assert.NotNull(IdOf("findme-compare-1"));

            await system.ScaleInAsync(Compare, 1);
            Assert.DoesNotContain(system.Processes.Running(), process => process.Name.StartsWith("findme-compare-2", StringComparison.Ordinal));
            Assert.Equal(1, daprd.Signals());

            await system.StopBrokerAsync();
            Assert.True(File.Exists(Path.Combine(folder.Path, "stopped")));
            await system.StartBrokerAsync();
            Assert.True(File.Exists(Path.Combine(folder.Path, "started")));

            int? IdOf(string name) => system.Processes.Running().Where(process => process.Name == name).Select(process => (int?)process.Id).SingleOrDefault();
        }

        Assert.Equal(4, daprd.Signals());
    }

    [Theory]
    [InlineData("components", "pubsub.redis")]
    [InlineData("components/rabbitmq-postgresql", "pubsub.rabbitmq")]
    public async Task Over_daprd_each_run_has_keys_of_its_own_and_where_it_counts_consumers_of_its_own(string components, string type)
    {
        using var folder = new TemporaryFolder();
        var daprd = StandIn(folder);

        var options = new DaprdOptions(daprd.Program, Path.Combine(Checkouts.Root, components), null, null);
        await using var system = await DaprdFaultSystem.StartAsync(options, folder.Folder("talk"), held: Compare);

        var copy = daprd.Starts()[0].Flags["--resources-path"];
        var pubsub = await File.ReadAllTextAsync(Path.Combine(copy, "pubsub.yaml"), Cancellation);
        var store = await File.ReadAllTextAsync(Path.Combine(copy, "statestore.yaml"), Cancellation);
        Assert.Contains($"type: {type}", pubsub, StringComparison.Ordinal);
        Assert.Matches(@"\n  metadata:\n    - name: consumerID\n      value: findme-daprd-\w+\n", pubsub);
        Assert.Matches(@"name: keyPrefix\n      value: findme-daprd-\w+\n", store);
        Assert.True(File.Exists(Path.Combine(copy, "resiliency.yaml")));
    }

    [Theory]
    [InlineData(FaultRuns.SidecarKill, 1)]
    [InlineData(FaultRuns.ScaleIn, 0)]
    [InlineData(FaultRuns.BrokerGone, 0)]
    public async Task A_scenario_ends_with_the_verdicts_of_the_calm_run(string fault, int kills)
    {
        using var folder = new TemporaryFolder();
        var album = LoadSystem.MakeAlbum(folder.Path, "talk", photos: 60, facesEvery: 3, maxSide: 640);
        async Task<IFaultSystem> StartAsync(string? held) => await LocalFaultSystem.StartAsync(BrokerProfile.RabbitMq, album, held, "components/rabbitmq-postgresql");

        var calm = await FaultRuns.RunAsync(FaultRuns.Calm, StartAsync, album, seed: 1);
        var run = await FaultRuns.RunAsync(fault, StartAsync, album, seed: 1);

        Assert.Empty(calm.Verdicts.Differences(run.Verdicts));
        Assert.Equal((60, kills), (calm.Comparisons, run.Kills));
    }

    [Fact]
    public async Task The_main_job_is_checked_on_a_system_that_somebody_else_started()
    {
        using var folder = new TemporaryFolder();
        var album = folder.Folder("talk");
        Assert.Contains("copy them there", Assert.Single(await SearchRun.ProblemsAsync(new Uri("http://localhost:1"), album)), StringComparison.Ordinal);
        foreach (var photo in Checkouts.DemoPhotos)
        {
            File.Copy(photo, Path.Combine(album, Path.GetFileName(photo)));
        }

        await using var load = await LoadSystem.StartAsync([album]);

        Assert.Empty(await SearchRun.ProblemsAsync(load.System.Page, album));
    }

    // As with `dapr run`: tokens in the environment, health checks, and distinct ports.
    private static void AssertAsByDaprRun(IReadOnlyList<Started> starts)
    {
        Assert.Equal(["findme-api", "findme-collect", "findme-compare", "findme-compare"], starts.Select(start => start.Flags["--app-id"]).Order(StringComparer.Ordinal));
        Assert.All(starts, start =>
        {
            Assert.Equal("http", start.Flags["--app-protocol"]);
            Assert.Equal("/healthz", start.Flags["--app-health-check-path"]);
            Assert.Equal(("3", "2000", "3"), (start.Flags["--app-health-probe-interval"], start.Flags["--app-health-probe-timeout"], start.Flags["--app-health-threshold"]));
            Assert.Contains("--enable-app-health-check", start.Flags.Keys);
            Assert.Matches("^[0-9a-f]{32} [0-9a-f]{32}$", start.Tokens);
        });
        Assert.Single(starts.Select(start => start.Tokens).Distinct());
        var ports = starts.SelectMany(start => PortFlags.Select(flag => start.Flags[flag])).ToList();
        Assert.Equal(16, ports.Distinct().Count());
    }

    private static StandInDaprd StandIn(TemporaryFolder folder)
    {
        var program = Path.Combine(folder.Path, "daprd");
        // Records SIGTERM and forwards it; the child is killed together with this script. The lock lies beside the file: reading a locked file fails.
        File.WriteAllText(program, $$"""
            #!/bin/bash
            (flock 9; echo "$DAPR_API_TOKEN $APP_API_TOKEN $*" >> '{{folder.Path}}/starts') 9>> '{{folder.Path}}/starts.lock'
            trap 'echo TERM >> "{{folder.Path}}/signals"; kill -TERM $child; wait $child; exit' TERM
            setpriv --pdeathsig KILL dotnet '{{Checkouts.ProgramOf("LocalDapr.Cli", "local-dapr")}}' "$@" < /dev/null &
            child=$!
            wait $child
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new StandInDaprd(program, Path.Combine(folder.Path, "starts"), Path.Combine(folder.Path, "signals"));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(20, deadline.Token);
        }
    }

    private sealed record Started(string Tokens, IReadOnlyDictionary<string, string> Flags);

    private sealed record StandInDaprd(string Program, string StartFile, string SignalFile)
    {
        public IReadOnlyList<Started> Starts() => [.. Lines(StartFile).Select(line =>
        {
            var words = line.Split(' ');
            var flags = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 2; i < words.Length; i++)
            {
                if (words[i].StartsWith("--", StringComparison.Ordinal))
                {
                    flags[words[i]] = i + 1 < words.Length ? words[i + 1] : "";
                }
            }

            return new Started($"{words[0]} {words[1]}", flags);
        })];

        public int Signals() => Lines(SignalFile).Length;

        private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
    }
}
