namespace FindMe.Recognition;

/// <summary>Writes files with biometric data: atomically, and readable by the current user only.</summary>
public static class PrivateFile
{
    /// <summary>Writes a temporary file in the same folder, then renames it. On Unix its mode is 0600.</summary>
    /// <remarks>Replaces an existing file. Writes into an existing empty file in place, because it could be a device or a pipe.</remarks>
    /// <param name="path">The file, in an existing folder. If it is a link, the link is replaced, not its target.</param>
    /// <param name="content">Content of the file.</param>
    /// <exception cref="IOException">The disk is full or broken, or the file exceeds a size limit.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is not writable.</exception>
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

    // Hidden and with another extension, so that code that lists the models of a folder does not pick it up.
    private static string TemporaryOf(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".findme-{Guid.NewGuid():n}.tmp");

    // .NET maps EFBIG to this exception: the file exceeds a size limit of the user or of the file system.
    private static IOException TooLarge(long bytes, ArgumentOutOfRangeException exception) => new($"{bytes / 1e6:0.0} MB exceed the limit on file sizes of the user or the file system.", exception);
}
