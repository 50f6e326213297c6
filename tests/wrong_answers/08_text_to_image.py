"""Answers to the exercises of deeper/08_text_to_image, as learners write them."""
import torch
import torch.nn.functional as F

bce = F.binary_cross_entropy_with_logits


def with_loops(table, sentence):
    rows = []
    for each in sentence:
        row = torch.zeros(table.shape[1])
        for word in each:
            if word != 0:
                row = row + table[word]
        rows.append(row)
    return torch.stack(rows)


def counted(table, sentence):
    return F.one_hot(sentence, len(table))[..., 1:].sum(1).float() @ table[1:]


def no_row_0(table, sentence):
    return torch.cat([torch.zeros_like(table[:1]), table[1:]])[sentence].sum(1)


def plain_mask(sentence, share):
    left = sentence.clone()
    left[torch.rand(left.shape) < share] = 0
    return left


def one_by_one(sentence, share):
    return torch.tensor([[0 if torch.rand(1).item() < share else word for word in row] for row in sentence.tolist()])


def in_place(sentence, share):
    sentence[torch.rand(sentence.shape) < share] = 0
    return sentence


def like_dropout(sentence, share):
    return (F.dropout(sentence.float(), share)).long()


def loss_of(r, w, f):
    return bce(r, torch.ones_like(r)) + (bce(w, torch.zeros_like(w)) + bce(f, torch.zeros_like(f))) / 2


def d_step(loss=loss_of, *, fake=lambda G, z, s, o: G(z, s).detach(), real=lambda D, x, s, o: D(x, s), wrong=lambda D, x, s, o, f: D(x, o),
           beside=lambda s, o: s, order="zbs", give=lambda loss: loss.item(), first=None):
    """A move of D put together from parts: z zero_grad, b backward, s step."""
    def discriminator_step(G, D, optimizer_D, x, sentence, other, z):
        if first:
            first(G, D)
        made = fake(G, z, sentence, other)
        value = loss(real(D, x, sentence, other), wrong(D, x, sentence, other, made), D(made, beside(sentence, other)))
        for letter in order:
            {"z": optimizer_D.zero_grad, "b": value.backward, "s": optimizer_D.step}[letter]()
        return give(value)
    return discriminator_step


def of_notebook_08(G, D, optimizer_D, x, sentence, other, z):
    r, f = D(x, sentence), D(G(z, sentence).detach(), sentence)
    loss = bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss.item()


def in_one_call(G, D, optimizer_D, x, sentence, other, z):
    with torch.no_grad():
        fake = G(z, sentence)
    r, w, f = D(torch.cat([x, x, fake]), torch.cat([sentence, other, sentence])).chunk(3)
    loss = loss_of(r, w, f)
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def number_too_early(G, D, optimizer_D, x, sentence, other, z):
    loss = loss_of(D(x, sentence), D(x, other), D(G(z, sentence).detach(), sentence)).item()
    optimizer_D.zero_grad()
    torch.tensor(loss).backward()
    optimizer_D.step()
    return loss


def judges_without_gradients(G, D, optimizer_D, x, sentence, other, z):
    with torch.no_grad():
        loss = loss_of(D(x, sentence), D(x, other), D(G(z, sentence), sentence))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    return loss


def moves_G_as_well(G, D, optimizer_D, x, sentence, other, z):
    loss = loss_of(D(x, sentence), D(x, other), D(G(z, sentence), sentence))
    optimizer_D.zero_grad()
    loss.backward()
    optimizer_D.step()
    torch.optim.SGD(G.parameters(), 0.1).step()
    return loss


def p(l):
    return F.softplus(l).mean()


RIGHT = {
    "08.bag_of_words": [with_loops, counted, no_row_0, lambda t, s: F.embedding(s, t).masked_fill((s == 0)[..., None], 0).sum(dim=-2),
                        lambda t, s: torch.einsum("nlf,nl->nf", t[s], (s != 0).float())],
    "08.leave_out_words": [plain_mask, one_by_one, lambda s, share: torch.where(torch.rand_like(s.float()) < share, 0, s),
                           lambda s, share: s * torch.bernoulli(torch.full(s.shape, 1 - share)).long()],
    "08.matching_step": [d_step(), d_step(give=lambda loss: loss), in_one_call, d_step(order="bs", first=lambda G, D: D.zero_grad()),
                         d_step(lambda r, w, f: p(-r) + 0.5 * p(w) + 0.5 * p(f))],
}
WRONG = {
    "08.bag_of_words": {
        "not_summed": [lambda t, s: t[s], lambda t, s: t[s] * (s > 0)[..., None]],
        "one_vector": [lambda t, s: t[s].sum((0, 1)), lambda t, s: t[s[s > 0]].sum(0)],
        "over_sentences": [lambda t, s: t[s].sum(0), lambda t, s: t[s].sum(dim=2)],
        "side_by_side": [lambda t, s: t[s].flatten(1)],
        "empty_counts": [lambda t, s: t[s].sum(1), lambda t, s: F.embedding(s, t, padding_idx=0).sum(1)],
        "mean": [lambda t, s: t[s].mean(1), lambda t, s: (t[s] * (s > 0)[..., None]).mean(1),
                 lambda t, s: counted(t, s) / (s > 0).sum(1, keepdim=True)],
        "largest": [lambda t, s: t[s].max(1).values],
        "first": [lambda t, s: t[s[:, 0]] * (s[:, :1] > 0)],
        "product": [lambda t, s: t[s].prod(1)],
        "numbers": [lambda t, s: s.sum(1), lambda t, s: s.float().sum(1, keepdim=True)],
        "set": [lambda t, s: torch.stack([t[torch.tensor(sorted(set(row) - {0}))].sum(0) for row in s.tolist()])],
        "cut_loose": [lambda t, s: no_row_0(t.detach(), s), lambda t, s: torch.tensor(with_loops(t, s).tolist())],
        "unknown": [lambda t, s: 2 * no_row_0(t, s)],
        "error": [lambda t, s: t[s] @ s],
    },
    "08.leave_out_words": {
        "changed_inputs": [in_place],
        "scaled": [like_dropout],
        "never": [lambda s, share: s * (torch.rand(s.shape) >= 0), lambda s, share: s],
        "all": [lambda s, share: 0 * s, lambda s, share: s * int(share > 1)],
        "whole_sentences": [lambda s, share: s * (torch.rand(len(s), 1) >= share)],
        "same_places": [lambda s, share: torch.cat([torch.zeros_like(s[:, :2]), s[:, 2:]], dim=1)],
        "kept_share": [lambda s, share: s * (torch.rand(s.shape) < share)],
        "unknown": [lambda s, share: s * (torch.rand(s.shape) >= share ** 2)],
        "error": [lambda s, share: s * torch.rand(s.shape) >= share * s[:, :3]],
    },
    "08.matching_step": {
        "sentence_missing": [d_step(fake=lambda G, z, s, o: G(z).detach()), d_step(real=lambda D, x, s, o: D(x))],
        "no_grad": [judges_without_gradients],
        "cut_loss": [number_too_early],
        "eval": [d_step(first=lambda G, D: G.eval())],
        "frozen": [d_step(first=lambda G, D: G.requires_grad_(False))],
        "backward_forgotten": [d_step(order="zs")],
        "moves_G": [moves_G_as_well],
        "step_forgotten": [d_step(order="zb")],
        "step_first": [d_step(order="zsb")],
        "zero_after_backward": [d_step(order="bzs")],
        "zero_after_step": [d_step(order="bsz")],
        "zero_forgotten": [d_step(order="bs")],
        "two_steps": [d_step(order="zbss")],
        "wrong_pair_forgotten": [of_notebook_08],
        "wrong_pair_real": [d_step(lambda r, w, f: p(-r) + (p(-w) + p(f)) / 2)],
        "fake_as_other": [d_step(beside=lambda s, o: o), d_step(fake=lambda G, z, s, o: G(z, o).detach())],
        "fake_for_other": [d_step(fake=lambda G, z, s, o: G(z, o).detach(), beside=lambda s, o: o)],
        "wrong_pair_from_G": [d_step(wrong=lambda D, x, s, o, f: D(f, o))],
        "pairs_swapped": [d_step(real=lambda D, x, s, o: D(x, o), wrong=lambda D, x, s, o, f: D(x, s))],
        "not_halved": [d_step(lambda r, w, f: p(-r) + p(w) + p(f))],
        "third": [d_step(lambda r, w, f: (p(-r) + p(w) + p(f)) / 3)],
        "half": [d_step(lambda r, w, f: loss_of(r, w, f) / 2)],
        "labels": [d_step(lambda r, w, f: loss_of(-r, -w, -f))],
        "ascends": [d_step(lambda r, w, f: -loss_of(r, w, f))],
        "sum": [d_step(lambda r, w, f: F.softplus(-r).sum() + (F.softplus(w).sum() + F.softplus(f).sum()) / 2)],
        "vector": [d_step(lambda r, w, f: F.softplus(-r) + (F.softplus(w) + F.softplus(f)) / 2)],
        "own_noise": [d_step(fake=lambda G, z, s, o: G(torch.randn(z.shape), s).detach())],
        "no_detach": [d_step(fake=lambda G, z, s, o: G(z, s))],
        "no_return": [d_step(give=lambda loss: None)],
        "unknown": [d_step(lambda r, w, f: 3 * loss_of(r, w, f))],
        "error": [d_step(fake=lambda G, z, s, o: G(s, z).detach())],
    },
}
