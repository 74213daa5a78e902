using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Whether a photo shows a person with known face vectors.</summary>
/// <param name="Present">Whether the photo shows the person.</param>
/// <param name="Distance">Distance of the nearest face from the person; null if the photo has no face.</param>
/// <param name="Box">The nearest face, in pixels of the upright full-size photo; null if the photo has no face.</param>
/// <param name="Faces">Number of faces in the photo.</param>
public sealed record FacePresence(bool Present, float? Distance, Box? Box, int Faces);

/// <summary>Decides whether photos show one person, by a distance threshold or, given a background of other people, by nearest neighbours.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class FaceVectorRecognition
{
    /// <summary>Number of neighbours that vote with a background; fewer if the person has too few vectors for a majority.</summary>
    public const int Neighbours = 5;

    /// <summary>Minimum confidence by distance for a vote of the neighbours: with a small background, the person can be anyone's nearest neighbour.</summary>
    public const float MinConfidence = 0.05f;

    private readonly FaceEngine _engine;
    private readonly IReadOnlyList<FaceEmbedding> _person;
    private readonly IReadOnlyList<FaceEmbedding>? _background;
    private readonly int _neighbours;

    /// <summary>Creates a recognizer for one person.</summary>
    /// <param name="engine">The engine that analyses the photos.</param>
    /// <param name="person">The person's vectors.</param>
    /// <param name="background">Vectors of many other people; null to use the threshold.</param>
    /// <param name="trustLength">Whether to accept vectors without a recipe if they have the right length.</param>
    /// <exception cref="FaceVectorsException">Another recipe made the vectors; the message names it.</exception>
    public FaceVectorRecognition(FaceEngine engine, FaceVectors person, FaceVectors? background = null, bool trustLength = false)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(person);
        person.ThrowIfNotOf(engine, trustLength);
        background?.ThrowIfNotOf(engine, trustLength);
        _engine = engine;
        _person = person.Vectors;
        _background = background?.Vectors;

        // With n vectors the person can win a majority of at most k = 2n − 1 neighbours.
        _neighbours = Math.Min(Neighbours, (2 * _person.Count) - 1);
    }

    /// <summary>Decides whether a photo shows the person.</summary>
    /// <param name="photo">The engine's analysis of the photo.</param>
    public FacePresence Recognize(AnalyzedPhoto photo)
    {
        ArgumentNullException.ThrowIfNull(photo);
        var best = new FacePresence(false, null, null, photo.Faces.Count);
        foreach (var face in photo.Faces)
        {
            var distance = DistanceTo(face.Embedding);
            var present = _background is null ? distance <= _engine.MatchDistance : IsPlausible(distance) && IsAmongPerson(face.Embedding, _background);
            if (best.Distance is null || (present, -distance).CompareTo((best.Present, -best.Distance.Value)) > 0)
            {
                best = best with { Present = present, Distance = distance, Box = face.Box };
            }
        }

        return best;
    }

    /// <summary>Returns the distance from the person's nearest vector, which is more accurate than using the original photo's vector alone (docs/accuracy.md).</summary>
    internal float DistanceTo(FaceEmbedding face)
    {
        var least = float.PositiveInfinity;
        foreach (var vector in _person)
        {
            least = Math.Min(least, face.DistanceTo(vector));
        }

        return least;
    }

    /// <summary>Whether a face at this distance is confident enough for a vote of the neighbours.</summary>
    internal bool IsPlausible(float distance) => _engine.ConfidenceAt(distance) >= MinConfidence;

    /// <summary>Whether the majority of the nearest vectors are the person's.</summary>
    internal bool IsAmongPerson(FaceEmbedding face, IEnumerable<FaceEmbedding> background)
    {
        // The person has the majority exactly if their (k + 1) / 2-nearest vector is nearer than the background's.
        var majority = (_neighbours + 1) / 2;
        return Nearest(_person, majority) < Nearest(background, majority);

        float Nearest(IEnumerable<FaceEmbedding> vectors, int rank)
        {
            // At most a few: keep them sorted by insertion.
            Span<float> nearest = stackalloc float[rank];
            nearest.Fill(float.PositiveInfinity);
            foreach (var vector in vectors)
            {
                var distance = vector.DistanceTo(face);
                for (var i = 0; i < rank; i++)
                {
                    if (distance < nearest[i])
                    {
                        (nearest[i], distance) = (distance, nearest[i]);
                    }
                }
            }

            return nearest[^1];
        }
    }
}
