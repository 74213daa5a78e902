using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FindMe.Local;

/// <summary>Writes the logs of the apps and of the sidecar, one file each. Passes warnings and errors to <c>echo</c>, for the console.</summary>
internal sealed class AppLogs(string folder, Action<string>? echo) : ILoggerProvider
{
    private const string Sidecar = "sidecar";

    private readonly ConcurrentDictionary<string, Lazy<StreamWriter>> _files = new();

    /// <summary>Writes one line of a process.</summary>
    public void Write(string name, string line)
    {
        var file = _files.GetOrAdd(name, added => new Lazy<StreamWriter>(() => new StreamWriter(Path.Combine(folder, added + ".log"), append: true) { AutoFlush = true })).Value;
        lock (file)
        {
            try
            {
                file.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk must not stop the apps that still work; the sidecar reports the full disk.
            }
        }

        if (echo is not null && (line.StartsWith("warn:", StringComparison.Ordinal) || line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal)))
        {
            echo($"{name}: {line}");
        }
    }

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Value.Dispose();
        }
    }

    /// <summary>Writes the sidecar's log in the format of the apps' console logs.</summary>
    private sealed class Lines(AppLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var word = logLevel switch
            {
                LogLevel.Information => "info",
                LogLevel.Warning => "warn",
                LogLevel.Error => "fail",
                _ => "crit",
            };
            logs.Write(Sidecar, $"{word}: {category}[{eventId.Id}] {formatter(state, exception)}{(exception is null ? "" : " " + exception.ToString().ReplaceLineEndings(" "))}");
        }
    }
}
