using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>One line of the audit log: who searched what, when, and how many photos were found. Contains no face, embedding or token.</summary>
/// <param name="At">When it happened.</param>
/// <param name="What"><c>search-begun</c>, <c>search-continued</c>, <c>search-ended</c> or <c>search-deleted</c>.</param>
/// <param name="Search">The search's pseudonym, which is not its id.</param>
/// <param name="Person">The person's pseudonym. It is not their id, because the id is half of the key to their data.</param>
/// <param name="Accounts">The handles they are signed in with.</param>
/// <param name="Source">The kind of source.</param>
/// <param name="Query">The query; null for a ZIP file.</param>
/// <param name="Status">How it ended; null while it runs.</param>
/// <param name="Posts">The number of posts read.</param>
/// <param name="Photos">The number of photos compared.</param>
/// <param name="Found">The number of matches and possible matches.</param>
internal sealed record AuditEntry(
    DateTimeOffset At,
    string What,
    string Search,
    string Person,
    IReadOnlyList<string>? Accounts = null,
    string? Source = null,
    string? Query = null,
    string? Status = null,
    int? Posts = null,
    int? Photos = null,
    int? Found = null);

/// <summary>Writes the audit log: one JSON Lines file per day, kept for <see cref="SafeguardOptions.AuditDays"/>, or the app's own log.</summary>
internal sealed partial class AuditLog(IOptions<SafeguardOptions> options, ILoggerFactory loggers, TimeProvider time)
{
    private const string Prefix = "audit-";

    // Half a second in total, a thousand times the duration of writing a line.
    private const int MaxAttempts = 50;
    private static readonly TimeSpan AttemptInterval = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly ILogger _log = loggers.CreateLogger("FindMe.Audit");

    /// <summary>Hashes an id to a name that identifies it throughout the log but cannot be looked up in the store.</summary>
    public static string Pseudonym(string id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("FindMe.Audit/" + id)))[..16];

    /// <summary>Writes one line.</summary>
    /// <exception cref="IOException">The line could not be written.</exception>
    public void Write(AuditEntry entry)
    {
        var line = JsonSerializer.Serialize(entry, PipelineJson.Options);
        if (options.Value.AuditPath is not { Length: > 0 } folder)
        {
            LogEntry(_log, line);
            return;
        }

        lock (_lock)
        {
            var file = Path.Combine(folder, Prefix + entry.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + ".jsonl");
            if (!File.Exists(file))
            {
                Directory.CreateDirectory(folder);
                DeleteOld(folder);
            }

            using var stream = OpenAlone(file);
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
    }

    // Replicas share the folder, and concurrent appends would overwrite each other: open the file exclusively for each line.
    private static FileStream OpenAlone(string file)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (attempt < MaxAttempts && File.Exists(file))
            {
                Thread.Sleep(AttemptInterval);
            }
        }
    }

    // Runs once a day, before the day's first line is written.
    private void DeleteOld(string folder)
    {
        var oldest = time.GetUtcNow().UtcDateTime.Date.AddDays(-options.Value.AuditDays);
        foreach (var file in Directory.GetFiles(folder, Prefix + "*.jsonl"))
        {
            var day = Path.GetFileNameWithoutExtension(file)[Prefix.Length..];
            if (DateTime.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var written) && written < oldest)
            {
                File.Delete(file);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Entry}")]
    private static partial void LogEntry(ILogger logger, string entry);
}
