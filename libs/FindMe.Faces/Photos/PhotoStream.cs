namespace FindMe.Faces;

/// <summary>Reads a photo from a stream, within a limit.</summary>
internal static class PhotoStream
{
    private const int ChunkBytes = 1 << 16;

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The photo; stays open.</param>
    /// <param name="maxBytes">Maximum number of bytes to read.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="PhotoException">The stream has more bytes.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream stream, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);

        // The length is a hint: files can grow while they are read.
        var capacity = stream.CanSeek ? (int)Math.Clamp(stream.Length - stream.Position, 0, maxBytes) : 0;
        using var photo = new MemoryStream(capacity);
        var chunk = new byte[ChunkBytes];
        for (var read = await stream.ReadAsync(chunk, cancellationToken); read > 0; read = await stream.ReadAsync(chunk, cancellationToken))
        {
            if (photo.Length + read > maxBytes)
            {
                throw new PhotoException(PhotoProblem.TooLarge, $"The photo has more than {maxBytes / 1e6:0.#} MB, which is the limit.");
            }

            photo.Write(chunk, 0, read);
        }

        return photo.GetBuffer().AsMemory(0, (int)photo.Length);
    }
}
