// A scenario → the networks on this machine, until standard input is closed or the process is told to end.
using FindMe.Networks;

if (args.Contains("--help"))
{
    Console.WriteLine("FindMe.Networks [--scenario FILE] [--port FIRST] [--end-with-input]: imitates Mastodon, X and Bluesky on this machine.");
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
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    end.Cancel();
};
if (args.Contains("--end-with-input"))
{
    new Thread(() =>
    {
        // Whoever started this has ended, however it ended.
        while (Console.Read() >= 0)
        {
        }

        end.Cancel();
    })
    { IsBackground = true }.Start();
}

await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
return 0;

string? After(string option) => args.SkipWhile(argument => argument != option).Skip(1).FirstOrDefault();
