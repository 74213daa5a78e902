using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FindMe.Local;

namespace FindMe.Load;

/// <summary>Measures each app's start time and memory, and a search right after the start. Linux only.</summary>
internal static class Starts
{
    private static readonly string[] Apps = ["Api", "Collect", "Compare"];
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(1);

    /// <summary>Runs the measurement and reports medians.</summary>
    /// <param name="folder">Parent folder of the generated album.</param>
    /// <param name="rounds">Number of starts.</param>
    public static async Task<JsonObject> MeasureAsync(string folder, int rounds)
    {
        var album = LoadSystem.MakeAlbum(folder, "one", photos: 1, facesEvery: 1, maxSide: 640);
        var measured = new Dictionary<string, List<double>>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var app in Apps)
            {
                Add($"{app}: ms from process start to /healthz", await StartAloneAsync(app));
            }

            await using var load = await LoadSystem.StartAsync([album]);
            using var person = new Visitor(load.System.Page, retries: true);
            foreach (var (name, id) in load.System.Processes.Running())
            {
                Add($"{name}: MiB when all are ready", MemoryOf(id));
            }

            await person.ShowDemoFaceAsync();
            Add("ms of the first search of one photo", await SearchAsync(person, album));
            Add("ms of the second one", await SearchAsync(person, album));
            foreach (var (name, id) in load.System.Processes.Running())
            {
                Add($"{name}: MiB after two searches", MemoryOf(id));
            }
        }

        return new JsonObject(measured.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)Math.Round(entry.Value.Order().ElementAt(entry.Value.Count / 2), 1))));

        void Add(string what, double value)
        {
            measured.TryAdd(what, []);
            measured[what].Add(value);
        }
    }

    private static async Task<double> SearchAsync(Visitor person, string album)
    {
        var watch = Stopwatch.StartNew();
        await person.UntilEndedAsync(await person.SearchAsync(Path.GetFileName(album)), AtMost, Often);
        return watch.Elapsed.TotalMilliseconds;
    }

    // Without a sidecar: time until the app itself responds.
    private static async Task<double> StartAloneAsync(string app)
    {
        var data = Directory.CreateTempSubdirectory("findme-start-");
        var port = FreePort();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(Checkout.Find().Root, "artifacts", "bin", $"FindMe.{app}", "release", $"FindMe.{app}.dll")])
        {
            WorkingDirectory = Path.Combine(Checkout.Find().Root, "apps", $"FindMe.{app}"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        start.Environment["KeyRing__Path"] = Path.Combine(data.FullName, "keys");
        start.Environment["Uploads__Path"] = Path.Combine(data.FullName, "uploads");
        start.Environment["Safeguards__AuditPath"] = Path.Combine(data.FullName, "audit");
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        try
        {
            while (!await IsHealthyAsync(http))
            {
                await Task.Delay(Often);
                if (process.HasExited || watch.Elapsed > AtMost)
                {
                    throw new InvalidOperationException($"FindMe.{app} did not start.");
                }
            }

            return watch.Elapsed.TotalMilliseconds;
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            data.Delete(recursive: true);
        }
    }

    private static async Task<bool> IsHealthyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/healthz", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static double MemoryOf(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }
}
