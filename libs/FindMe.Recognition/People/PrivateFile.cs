namespace FindMe.Recognition;

/// <summary>Writes files that hold what people's faces look like: nobody else may read them, and nobody ever finds half of one.</summary>
public static class PrivateFile
{
    /// <summary>Writes a file beside its place, and moves it there when it is whole. On Unix its mode is 0600.</summary>
    /// <remarks>An older file is replaced. An empty one is written to where it is: it may be a device or a pipe, which must stay one.</remarks>
    /// <param name="path">The file; its folder is there. If it is a link, the link is replaced, not what it leads to.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="IOException">The disk is full or broken, or the file is larger than files may be.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0, LinkTarget: null })
        {
            File.WriteAllBytes(path, content);
            return;
        }

        var temporary = TemporaryOf(path);
        try
        {
            using (var file = new FileStream(temporary, Options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            File.Delete(temporary);
            throw TooLarge(content.Length, exception);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The same for content that is written little by little. It may be written where it is to lie only when all of it is there.</summary>
    /// <param name="path">The file; its folder is there. If it is a link, the link is replaced, not what it leads to.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="cancellationToken">Gives up; what was there stays.</param>
    /// <exception cref="IOException">The disk is full or broken, or the file is larger than files may be.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static async Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var temporary = TemporaryOf(path);
        var length = 0L;
        try
        {
            await using (var file = new FileStream(temporary, Options))
            {
                try
                {
                    await write(file);
                    await file.FlushAsync(cancellationToken);
                }
                finally
                {
                    length = file.Position;
                }

                file.Flush(flushToDisk: true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            File.Delete(temporary);
            throw TooLarge(length, exception);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static FileStreamOptions Options
    {
        get
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return options;
        }
    }

    // Hidden, and of another ending: whoever lists the folder for models does not take it for one.
    private static string TemporaryOf(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".findme-{Guid.NewGuid():n}.tmp");

    // What .NET makes of EFBIG: a limit on the size of files, of the account or of the file system.
    private static IOException TooLarge(long bytes, ArgumentOutOfRangeException exception) => new($"{bytes / 1e6:0.0} MB are more than a file may have there.", exception);
}
