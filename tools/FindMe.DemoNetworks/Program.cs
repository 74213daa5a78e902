// A scenario → imitated networks on this machine, until Ctrl-C or SIGTERM or, with --end-with-input, the end of standard input.
using System.Runtime.InteropServices;
using FindMe.DemoNetworks;

if (args.Contains("--help"))
{
    Console.WriteLine("FindMe.DemoNetworks [--scenario FILE] [--port FIRST] [--end-with-input]: imitates Mastodon, X and Bluesky on this machine.");
    return 0;
}

var scenario = After("--scenario") is { } file ? Scenario.Load(file) : Scenario.Load(Path.Combine(AppContext.BaseDirectory, "demo.json"));
await using var networks = await NetworkBench.StartAsync(scenario, new NetworkPorts(int.Parse(After("--port") ?? "0")));
foreach (var (name, address) in networks.Addresses)
{
    Console.WriteLine($"{name} {address}");
}

foreach (var (name, value) in networks.Settings)
{
    Console.WriteLine($"set {name}={value}");
}

Console.WriteLine("ready");

using var end = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
if (args.Contains("--end-with-input"))
{
    new Thread(() =>
    {
        // The parent process has exited.
        while (Console.Read() >= 0)
        {
        }

        end.Cancel();
    })
    { IsBackground = true }.Start();
}

await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
return 0;

// The first signal stops the networks gracefully, a second one terminates the process.
void End(PosixSignalContext signal)
{
    signal.Cancel = !end.IsCancellationRequested;
    end.Cancel();
}

string? After(string option) => args.SkipWhile(argument => argument != option).Skip(1).FirstOrDefault();
