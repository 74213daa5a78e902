using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using LocalDapr;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FindMe.Local;

/// <summary>The status of the whole system.</summary>
/// <param name="Healthy">Whether every process runs and there is no problem.</param>
/// <param name="Problems">What is wrong with the data, and what to do; empty if nothing is.</param>
/// <param name="Processes">The processes of the apps.</param>
/// <param name="Queues">The waiting events, by app and topic.</param>
/// <param name="Throughput">The handled events, by app.</param>
internal sealed record SystemStatus(
    bool Healthy, IReadOnlyList<string> Problems, IReadOnlyList<ProcessView> Processes, IReadOnlyList<QueueView> Queues, IReadOnlyDictionary<string, ThroughputView> Throughput);

/// <summary>One process of an app.</summary>
internal sealed record ProcessView(string Name, string App, bool Alive, int Restarts);

/// <summary>A queue with the age of its oldest event in seconds; 0 if it is empty.</summary>
internal sealed record QueueView(string App, string Topic, long Waiting, double OldestSeconds);

/// <summary>Events delivered to an app since the start, and per second over the last minute.</summary>
internal sealed record ThroughputView(long Events, double EventsPerSecond);

/// <summary>Serves the system's status on a port of its own, on this machine only: <c>/</c> for people, <c>/system</c> for programs.</summary>
internal sealed class SystemView : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private const int Samples = 12;

    private readonly AppProcesses _processes;
    private readonly LocalSidecar _sidecar;
    private readonly WebApplication _server;
    private readonly Timer _sampling;
    private readonly ConcurrentQueue<(DateTimeOffset At, IReadOnlyDictionary<string, AppTraffic> Traffic)> _samples = new();

    private SystemView(AppProcesses processes, LocalSidecar sidecar, WebApplication server)
    {
        _processes = processes;
        _sidecar = sidecar;
        _server = server;
        _sampling = new Timer(_ => Sample(), null, TimeSpan.Zero, Interval);
    }

    /// <summary>The status page's address.</summary>
    public Uri Address => new(_server.Urls.Single());

    public static async Task<SystemView> StartAsync(AppProcesses processes, LocalSidecar sidecar)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // This process's own host handles Ctrl-C, so the embedded one must not.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddRoutingCore();
        // Against DNS rebinding: other sites must not read the status through a name that resolves to this machine.
        builder.Services.AddHostFiltering(filter => (filter.AllowedHosts, filter.AllowEmptyHosts) = (["localhost", "127.0.0.1", "[::1]"], false));
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.UseHostFiltering();
        var view = new SystemView(processes, sidecar, server);
        server.MapGet("/system", (HttpContext context) => context.Response.WriteAsJsonAsync(view.Read()));
        server.MapGet("/", (HttpContext context) => view.WritePageAsync(context.Response));
        await server.StartAsync();
        return view;
    }

    public async ValueTask DisposeAsync()
    {
        await _sampling.DisposeAsync();
        // Aborts open requests: nothing is lost with a status response.
        await _server.StopAsync(new CancellationToken(canceled: true));
        await _server.DisposeAsync();
    }

    private SystemStatus Read()
    {
        var now = TimeProvider.System.GetUtcNow();
        var processes = _processes.Read().Select(process => new ProcessView(process.App.Name, process.App.Environment["APP_ID"], process.Id is not null, process.Restarts)).ToList();
        var queues = ReadQueues()
            .Select(queue => new QueueView(
                queue.AppId, queue.Topic, queue.Waiting, queue.Oldest is { } oldest ? Math.Max(0, (now - oldest).TotalSeconds) : 0))
            .ToList();
        var traffic = _sidecar.Traffic.Snapshot();
        var (at, earlier) = _samples.TryPeek(out var sample) ? sample : (now, traffic);
        var throughput = traffic.ToDictionary(
            app => app.Key,
            app => new ThroughputView(app.Value.Deliveries, app.Value.Since(earlier.GetValueOrDefault(app.Key)).Deliveries / Math.Max(1, (now - at).TotalSeconds)));
        IReadOnlyList<string> problems = _sidecar.DataFault is { } fault ? [fault] : [];
        return new SystemStatus(
            processes.All(process => process.Alive) && problems.Count == 0, problems, processes, queues, throughput);
    }

    // A damaged file cannot be read, and that is when people look here: the fault is then known and shown instead.
    private IReadOnlyList<QueueStatus> ReadQueues()
    {
        try
        {
            return _sidecar.ReadQueues();
        }
        catch (SqliteException) when (_sidecar.DataFault is not null)
        {
            return [];
        }
    }

    private void Sample()
    {
        _samples.Enqueue((TimeProvider.System.GetUtcNow(), _sidecar.Traffic.Snapshot()));
        if (_samples.Count > Samples)
        {
            _samples.TryDequeue(out _);
        }
    }

    private Task WritePageAsync(HttpResponse response)
    {
        var status = Read();
        response.ContentType = "text/html; charset=utf-8";
        var page = new StringBuilder(
            """
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="2">
            <title>FindMe's processes and queues</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:60rem;color-scheme:light dark}table{border-collapse:collapse;width:100%;margin:0 0 2rem}
            th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8886}td+td,th+th{font-variant-numeric:tabular-nums}</style>
            """);
        page.Append(CultureInfo.InvariantCulture, $"<h1>{(status.Healthy ? "Everything works" : "Action needed")}</h1>");
        foreach (var problem in status.Problems)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p role=\"alert\">{WebUtility.HtmlEncode(problem)}</p>");
        }

        Table(page, "Processes", ["process", "state", "restarts", "events", "per second"], status.Processes.Select(process => (string[])
        [
            process.Name, process.Alive ? "alive" : "down", $"{process.Restarts}", .. Throughput(status, process.App),
        ]));
        Table(page, "Queues", ["app", "topic", "waiting", "oldest"], status.Queues.Select(queue => (string[])
        [
            queue.App, queue.Topic, $"{queue.Waiting}", queue.Waiting == 0 ? "" : $"{queue.OldestSeconds:0} s",
        ]));
        return response.WriteAsync(page.Append("<p>For programs: <a href=\"/system\">/system</a></p></html>").ToString());
    }

    private static string[] Throughput(SystemStatus status, string app) =>
        status.Throughput.TryGetValue(app, out var throughput) ? [$"{throughput.Events}", $"{throughput.EventsPerSecond:0.0}"] : ["", ""];

    private static void Table(StringBuilder page, string title, string[] columns, IEnumerable<string[]> rows)
    {
        page.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2><table><tr>");
        foreach (var column in columns)
        {
            page.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\">{column}</th>");
        }

        page.Append("</tr>");
        foreach (var row in rows)
        {
            page.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{WebUtility.HtmlEncode(cell)}</td>")).Append("</tr>");
        }

        page.Append("</table>");
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
