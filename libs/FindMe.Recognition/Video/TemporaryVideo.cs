namespace FindMe.Recognition;

/// <summary>Holds a video in a temporary file, because ffmpeg needs to seek in it. Deleted on dispose.</summary>
public sealed class TemporaryVideo : IDisposable
{
    private TemporaryVideo(string path) => Path = path;

    /// <summary>The file; readable by the current user only.</summary>
    public string Path { get; }

    /// <summary>Writes a video to a new temporary file.</summary>
    /// <param name="video">The encoded video.</param>
    /// <param name="cancellationToken">Cancels writing and deletes the file.</param>
    public static async Task<TemporaryVideo> WriteAsync(ReadOnlyMemory<byte> video, CancellationToken cancellationToken = default)
    {
        var written = new TemporaryVideo(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"findme-{Guid.NewGuid():n}.video"));
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using var file = new FileStream(written.Path, options);
            await file.WriteAsync(video, cancellationToken);
            return written;
        }
        catch
        {
            written.Dispose();
            throw;
        }
    }

    /// <summary>Deletes the file.</summary>
    public void Dispose() => File.Delete(Path);
}
