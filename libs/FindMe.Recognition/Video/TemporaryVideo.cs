namespace FindMe.Recognition;

/// <summary>A video that came from elsewhere, in a file for as long as it is looked at: ffmpeg goes back and forth in it.</summary>
public sealed class TemporaryVideo : IDisposable
{
    private TemporaryVideo(string path) => Path = path;

    /// <summary>The file, which only this account may read.</summary>
    public string Path { get; }

    /// <summary>Writes the file.</summary>
    /// <param name="video">The video.</param>
    /// <param name="cancellationToken">Gives up.</param>
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

    /// <summary>Deletes it.</summary>
    public void Dispose() => File.Delete(Path);
}
