using System.Net;
using System.Text;
using Microsoft.Data.Sqlite;

namespace LocalDapr.Tests.Data;

/// <summary>Tests that deleted and overwritten data is unreadable in all files of the data folder, including the write-ahead log.</summary>
public sealed class DeletedBytesTests
{
    private const string FirstValue = "the-first-value-of-the-key-0123456789";
    private const string LastValue = "the-last-value-of-the-key-9876543210";

    [Theory]
    [InlineData("delete")]
    [InlineData("transaction")]
    public async Task A_delete_is_answered_only_when_no_file_holds_the_value_or_an_earlier_one(string how)
    {
        using var folder = new TemporaryFolder();
        await using var sidecar = await StartAsync(folder);
        await SaveAsync(sidecar, "key", FirstValue);
        await SaveAsync(sidecar, "key", LastValue);
        Assert.True(IsInAnyFile(folder, LastValue), "The test must be able to find a value that is there.");

        using var answer = how == "delete"
            ? await sidecar.Http.DeleteAsync("/v1.0/state/statestore/key")
            : await sidecar.PostAsync("/v1.0/state/statestore/transaction", """{"operations":[{"operation":"delete","request":{"key":"key"}}]}""");

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.False(IsInAnyFile(folder, LastValue));
        Assert.False(IsInAnyFile(folder, FirstValue));
    }

    [Fact]
    public async Task A_delete_under_load_waits_for_the_log_and_so_do_deletes_beside_it()
    {
        using var folder = new TemporaryFolder();
        await using var sidecar = await StartAsync(folder);
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await SaveAsync(sidecar, $"other{writer}", $"{i}");
                await sidecar.GetAsync($"other{writer}");
            }
        })).ToList();

        for (var round = 0; round < 20; round++)
        {
            var keys = Enumerable.Range(0, 8).Select(i => $"secret-{round}-{i}-0123456789").ToList();
            await Task.WhenAll(keys.Select(key => SaveAsync(sidecar, key, key)));
            await Task.WhenAll(keys.Select(async key =>
            {
                using var answer = await sidecar.Http.DeleteAsync($"/v1.0/state/statestore/{key}");
                Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
                Assert.False(IsInAnyFile(folder, key), key);
            }));
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
    }

    [Fact]
    public async Task A_delete_is_not_answered_while_another_program_keeps_the_log_from_being_truncated()
    {
        using var folder = new TemporaryFolder();
        await using var sidecar = await StartAsync(folder);
        await SaveAsync(sidecar, "key", LastValue);
        Task<HttpResponseMessage> deletion;
        await using (var other = new SqliteConnection($"Data Source={sidecar.Sidecar.DatabasePath};Mode=ReadOnly;Pooling=False"))
        {
            await other.OpenAsync();
            await using var transaction = other.BeginTransaction(deferred: true);
            await using var query = other.CreateCommand();
            query.CommandText = "SELECT COUNT(*) FROM state";
            query.Transaction = transaction;
            await query.ExecuteScalarAsync();

            deletion = sidecar.Http.DeleteAsync("/v1.0/state/statestore/key");
            await Eventually.TrueAsync(async () => await sidecar.GetAsync("key") is null);
            Assert.False(deletion.IsCompleted);
            // Other callers do not have to wait for the reader.
            await SaveAsync(sidecar, "another", "1").WaitAsync(TimeSpan.FromSeconds(5));
            Assert.False(deletion.IsCompleted);
        }

        using var answer = await deletion;
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.False(IsInAnyFile(folder, LastValue));
    }

    [Fact]
    public async Task Overwritten_and_expired_values_are_in_no_file_after_a_minute()
    {
        using var folder = new TemporaryFolder();
        var clock = new ManualClock();
        await using var sidecar = await StartAsync(folder, clock);
        await SaveAsync(sidecar, "overwritten", FirstValue);
        await SaveAsync(sidecar, "overwritten", "1");
        using var _ = await sidecar.SaveAsync("expired", $"\"{LastValue}\"", more: ""","metadata":{"ttlInSeconds":"30"}""");

        clock.Advance(TimeSpan.FromSeconds(61));

        await Eventually.TrueAsync(() => !IsInAnyFile(folder, LastValue) && !IsInAnyFile(folder, FirstValue));
    }

    [Fact]
    public async Task What_a_killed_sidecar_left_in_its_log_is_gone_when_the_next_one_has_started()
    {
        using var folder = new TemporaryFolder();
        await using var app = await TestApp.StartAsync("shop");
        using (var process = await SidecarProcess.StartAsync(folder, app, SidecarUnderTest.Store))
        {
            using var http = new HttpClient { BaseAddress = process.Endpoint };
            foreach (var value in new[] { FirstValue, LastValue, "1" })
            {
                using var saved = await http.PostAsync("/v1.0/state/statestore", new StringContent($$"""[{"key":"key","value":"{{value}}"}]"""));
                Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
            }

            process.Kill();
        }

        Assert.True(IsInAnyFile(folder, FirstValue));
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Folder = folder });

        Assert.Equal("\"1\"", (await sidecar.GetAsync("key"))?.Value);
        Assert.False(IsInAnyFile(folder, FirstValue));
        Assert.False(IsInAnyFile(folder, LastValue));
    }

    // SQLite moves rows between pages without clearing the old place: secure_delete overwrites the row, not its stale copies.
    [Fact]
    public async Task Of_thousands_of_rows_that_were_written_again_and_deleted_no_copy_is_left_after_a_minute()
    {
        using var folder = new TemporaryFolder();
        var clock = new ManualClock();
        var random = new Random(1);
        var (alive, dead) = (new Dictionary<string, string>(), new HashSet<string>());
        await using var sidecar = await StartAsync(folder, clock);
        var number = 0;
        await sidecar.Sidecar.Database.WriteAsync(session =>
        {
            for (var i = 0; i < 6_000; i++)
            {
                if (i < 500 || random.NextDouble() < 0.45)
                {
                    Write($"person/{random.NextInt64():x16}/key");
                }
                else if (random.NextDouble() < 0.55)
                {
                    Write(alive.Keys.ElementAt(random.Next(alive.Count)));
                }
                else
                {
                    var key = alive.Keys.ElementAt(random.Next(alive.Count));
                    dead.Add(alive[key]);
                    alive.Remove(key);
                    StateTable.Apply(session, "statestore", new StateWrite(key, null, null, false, null), 0);
                }
            }

            return 0;

            void Write(string key)
            {
                var mark = $"<mark-{number++:00000}>";
                var length = Pick(120, 300, 450, 900, 2850, 5000, 9000);
                var value = string.Concat(Enumerable.Repeat(mark, (length / mark.Length) + 1))[..length];
                if (alive.TryGetValue(key, out var earlier))
                {
                    dead.Add(earlier);
                }

                alive[key] = mark;
                StateTable.Apply(session, "statestore", new StateWrite(key, Encoding.UTF8.GetBytes($"\"{value}\""), null, false, null), 0);
            }
        });
        using var deletion = await sidecar.Http.DeleteAsync("/v1.0/state/statestore/none");

        clock.Advance(TimeSpan.FromSeconds(61));

        await Eventually.TrueAsync(() => !AllMarks(folder).Overlaps(dead));
        Assert.Subset(AllMarks(folder), alive.Values.ToHashSet());

        int Pick(params int[] lengths) => lengths[random.Next(lengths.Length)];
    }

    private static Task<SidecarUnderTest> StartAsync(TemporaryFolder folder, TimeProvider? time = null) =>
        SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Folder = folder, Time = time });

    private static async Task SaveAsync(SidecarUnderTest sidecar, string key, string value)
    {
        using var saved = await sidecar.SaveAsync(key, $"\"{value}\"");
        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
    }

    private static bool IsInAnyFile(TemporaryFolder folder, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Files(folder).Any(file => file.AsSpan().IndexOf(bytes) >= 0);
    }

    private static HashSet<string> AllMarks(TemporaryFolder folder) =>
        [.. Files(folder).SelectMany(file => System.Text.RegularExpressions.Regex.Matches(Encoding.Latin1.GetString(file), "<mark-[0-9]{5}>").Select(match => match.Value))];

    // All files except the lock, which is empty and cannot be opened.
    private static IEnumerable<byte[]> Files(TemporaryFolder folder)
    {
        foreach (var path in Directory.GetFiles(Path.Combine(folder.Path, "data")).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return copy.ToArray();
        }
    }
}
