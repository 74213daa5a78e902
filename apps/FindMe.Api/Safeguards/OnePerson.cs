using FindMe.Faces;
using FindMe.Pipeline;

namespace FindMe.Api;

/// <summary>How a new reference relates to a person's earlier ones.</summary>
internal enum Fit
{
    /// <summary>It is the first, or near a used one: searches use it.</summary>
    Used,

    /// <summary>It may show the same person: it stays unused until another reference is near both.</summary>
    Waiting,

    /// <summary>It shows another person.</summary>
    OtherPerson,

    /// <summary>Some references were not compared with it.</summary>
    NotCompared,
}

/// <summary>Ensures that all references of a person show one face.</summary>
/// <param name="matchDistance">References at most this far apart show one person.</param>
/// <param name="otherPersonDistance">References farther apart than this show two people.</param>
/// <param name="recipe">The engine's recipe: only its embeddings can be compared.</param>
internal sealed class OnePerson(float matchDistance, float otherPersonDistance, string recipe)
{
    /// <summary>Classifies a new reference.</summary>
    /// <param name="person">The person's document.</param>
    /// <param name="distances">The distance to each reference by id; null if the reference was deleted.</param>
    public Fit FitOf(Person person, IReadOnlyDictionary<string, float?> distances)
    {
        var others = person.References.Where(reference => reference.Recipe == recipe).ToList();
        if (others.Any(reference => !distances.ContainsKey(reference.Id)))
        {
            return Fit.NotCompared;
        }

        var used = person.ReferencesInUse(recipe).Where(reference => distances[reference.Id] is not null).ToList();
        return used.Count == 0 ? Fit.Used : used.Min(reference => distances[reference.Id]!.Value) switch
        {
            var nearest when nearest <= matchDistance => Fit.Used,
            var nearest when nearest <= otherPersonDistance => Fit.Waiting,
            _ => Fit.OtherPerson,
        };
    }

    /// <summary>The ids of the references near a face.</summary>
    public IReadOnlyList<string> NearOf(IReadOnlyDictionary<string, float?> distances) =>
        [.. distances.Where(other => other.Value <= matchDistance).Select(other => other.Key)];

    /// <summary>Computes the distance of a face to references; null for missing ones.</summary>
    public static Dictionary<string, float?> DistancesOf(FaceEmbedding face, IEnumerable<string> ids, IReadOnlyDictionary<string, DecryptedReference> references) =>
        ids.ToDictionary(
            id => id, id => references.TryGetValue(id, out var reference) ? FaceEmbedding.FromBytes(reference.Embedding).DistanceTo(face) : (float?)null);
}
