using System.Diagnostics;
using System.Text.RegularExpressions;
using FindMe.Local;
using LocalDapr;

namespace FindMe.Testing;

/// <summary>FindMe on a real Dapr: each replica is a process with its own daprd, on an external broker and store.</summary>
internal sealed partial class DaprdFaultSystem : IFaultSystem
{
    private readonly DaprdOptions _daprd;
    private readonly DirectoryInfo _folder;
    private readonly AppProcesses _processes;
    private readonly string _logFolder;
    private readonly AppLogs _logs;
    private readonly List<Action> _held = [];

    private DaprdFaultSystem(DaprdOptions daprd, DirectoryInfo folder, string logs, Uri page)
    {
        _daprd = daprd;
        _folder = folder;
        _logFolder = logs;
        _logs = new AppLogs(logs, echo: null);
        _processes = new AppProcesses(_logs.Write);
        Page = page;
    }

    public Uri Page { get; }

    /// <summary>The processes: each replica, and its sidecar as <c>NAME-daprd</c>.</summary>
    internal AppProcesses Processes => _processes;

    /// <summary>Starts FindMe.</summary>
    /// <param name="daprd">The Dapr to use.</param>
    /// <param name="album">The album's folder.</param>
    /// <param name="held">An app to start later; null for none.</param>
    public static async Task<DaprdFaultSystem> StartAsync(DaprdOptions daprd, string album, string? held)
    {
        var folder = Directory.CreateTempSubdirectory("findme-daprd-");
        var checkout = Checkout.Find();
        var options = LoadSystem.OptionsOf(checkout, folder.CreateSubdirectory("data").FullName, [album], areImpatient: false);
        options = options with { Settings = new Dictionary<string, string>(options.Settings) { ["Logging__LogLevel__FindMe.Compare"] = "Debug" } };
        var environments = new AppEnvironment(options);
        var components = CopyComponents(daprd.Components, folder.CreateSubdirectory("components").FullName, folder.Name, isNewConsumer: held is not null);
        var taken = new HashSet<int>();
        var page = Ports.TakeFree(taken);
        var system = new DaprdFaultSystem(daprd, folder, environments.Logs, new Uri($"http://localhost:{page}"));
        try
        {
            foreach (var app in RunFile.Load(checkout.RunFile).Apps)
            {
                for (var replica = 0; replica < (app.AppId == LocalSystem.ReplicatedApp ? FaultRuns.Replicas : 1); replica++)
                {
                    var name = FaultRuns.NameOf(app.AppId, replica);
                    var appPort = Ports.TakeFree(taken);
                    var ports = (Http: Ports.TakeFree(taken), Grpc: Ports.TakeFree(taken), Internal: Ports.TakeFree(taken));
                    var sidecar = new Uri($"http://127.0.0.1:{ports.Http}");
                    var environment = environments.Of(app, appPort, app.AppId == LocalSystem.PageApp ? page : null, (ports.Http, ports.Grpc));
                    // Both the app and its sidecar get SIGTERM, as on all platforms. Like dapr run, gives both tokens to both.
                    var ofSidecar = environment.Where(variable => variable.Key is "APP_ID" or "DAPR_API_TOKEN" or "APP_API_TOKEN").ToDictionary();
                    void Start()
                    {
                        system._processes.Start(new AppProcess(name, app.Command, app.DirectoryPath, environment) { Health = new Uri($"http://127.0.0.1:{appPort}/healthz"), Restarts = true });
                        system._processes.Start(new AppProcess(SidecarOf(name), DaprdCommandLine.Of(daprd.Daprd, app, appPort, ports, components), folder.FullName, ofSidecar)
                        {
                            Health = new Uri(sidecar, "/v1.0/healthz/outbound"),
                            Restarts = true,
                        });
                    }

                    if (app.AppId == held)
                    {
                        system._held.Add(Start);
                    }
                    else
                    {
                        Start();
                    }
                }
            }

            await system._processes.WaitUntilHealthyAsync(CancellationToken.None);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public int Comparisons() => FaultRuns.Comparisons(_logFolder);

    public void KillApp(string app, int replica) => _processes.Kill(FaultRuns.NameOf(app, replica));

    public Task KillSidecarAsync(string app, int replica)
    {
        _processes.Kill(SidecarOf(FaultRuns.NameOf(app, replica)));
        return Task.CompletedTask;
    }

    public Task ScaleInAsync(string app, int replica)
    {
        var name = FaultRuns.NameOf(app, replica);
        return Task.WhenAll(_processes.EndAsync(name), _processes.EndAsync(SidecarOf(name)));
    }

    public Task StartHeldAsync()
    {
        _held.ForEach(start => start());
        _held.Clear();
        return _processes.WaitUntilHealthyAsync(CancellationToken.None);
    }

    public Task StopBrokerAsync() => RunAsync(_daprd.BrokerStop);

    public Task StartBrokerAsync() => RunAsync(_daprd.BrokerStart);

    public async ValueTask DisposeAsync()
    {
        await _processes.DisposeAsync();
        _logs.Dispose();
        _folder.Delete(recursive: true);
    }

    private static string SidecarOf(string name) => name + "-daprd";

    // Unique keys per run and, for tests of the first subscription, unique consumers.
    private static string CopyComponents(string from, string to, string run, bool isNewConsumer)
    {
        foreach (var file in Directory.GetFiles(from, "*.y*ml"))
        {
            var text = NoPrefix().Replace(File.ReadAllText(file), $"$1{run}");
            File.WriteAllText(Path.Combine(to, Path.GetFileName(file)), isNewConsumer ? PubSub().Replace(text, $"$1    - name: consumerID\n      value: {run}\n") : text);
        }

        return to;
    }

    private static async Task RunAsync(string? command)
    {
        using var shell = Process.Start("/bin/sh", ["-c", command ?? throw new InvalidOperationException("This fault needs a command that stops or starts the broker.")]);
        await shell.WaitForExitAsync();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{command}' ended with exit code {shell.ExitCode}.");
        }
    }

    [GeneratedRegex(@"(name: keyPrefix\s+value: )none")]
    private static partial Regex NoPrefix();

    [GeneratedRegex(@"(type: pubsub\.[\s\S]*?\n  metadata:\n)")]
    private static partial Regex PubSub();
}
