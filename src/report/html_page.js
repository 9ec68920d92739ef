'use strict';
(() => {
	const form = document.querySelector('form.filter');
	const rows = [...document.querySelectorAll('table.finds tbody tr')];
	const count = document.getElementById('count');
	const apply = () => {
		const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
		const severities = new Set([...form.querySelectorAll('input[name=severity]:checked')].map(x => x.value));
		const kind = form.elements.kind.value, from = form.elements.from.value;
		const fixable = form.elements.fixable.checked;
		let shown = 0;
		for (const row of rows) {
			const d = row.dataset;
			if (!row.words) row.words = row.textContent.toLowerCase();
			const show = severities.has(d.severity) && (!kind || d.kind === kind) && (!from || d.from === from) &&
				(!fixable || d.fixable === '1') && words.every(w => row.words.includes(w));
			row.hidden = !show;
			shown += show;
		}
		count.textContent = `${shown} of ${rows.length}`;
	};
	const sort = head => {
		const table = head.closest('table'), column = head.cellIndex;
		const down = head.getAttribute('aria-sort') === 'ascending';
		for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
		head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
		const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent;
		const order = new Intl.Collator(undefined, { numeric: true }).compare;
		const body = table.tBodies[0];
		body.append(...[...body.rows].sort((a, b) => order(key(a), key(b)) * (down ? -1 : 1)));
	};
	for (const head of document.querySelectorAll('table.finds thead th, table.packages thead th')) {
		head.setAttribute('role', 'button');
		head.tabIndex = 0;
		head.addEventListener('click', () => sort(head));
		head.addEventListener('keydown', e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); sort(head); } });
	}
	form.addEventListener('input', apply);
	form.addEventListener('submit', e => e.preventDefault());
	form.hidden = rows.length === 0;
	apply();
})();
