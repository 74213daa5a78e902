using Microsoft.Extensions.Logging;

namespace FindMe.Local;

/// <summary>The log of one process: everything into a file, what needs a person's eye onto the console too.</summary>
internal sealed class AppLog(string folder, string name, bool echo = true) : ILoggerProvider
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _file = new(Path.Combine(folder, name + ".log"), append: true) { AutoFlush = true };

    /// <summary>Writes one line of the process.</summary>
    public void Write(string line)
    {
        lock (_lock)
        {
            try
            {
                _file.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk must not end what still works; the sidecar says that the disk is full.
            }
        }

        if (!echo)
        {
            return;
        }

        if (line.StartsWith("warn:", StringComparison.Ordinal) || line.StartsWith("fail:", StringComparison.Ordinal) || line.StartsWith("crit:", StringComparison.Ordinal))
        {
            Console.WriteLine($"{name}: {line}");
        }
    }

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public void Dispose() => _file.Dispose();

    /// <summary>Writes in the same shape as the apps' console.</summary>
    private sealed class Lines(AppLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || ((category.StartsWith("Microsoft.", StringComparison.Ordinal) || category.StartsWith("Grpc.", StringComparison.Ordinal)) && logLevel < LogLevel.Warning))
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
            log.Write($"{word}: {category}[{eventId.Id}] {formatter(state, exception)}{(exception is null ? "" : " " + exception.ToString().ReplaceLineEndings(" "))}");
        }
    }
}
